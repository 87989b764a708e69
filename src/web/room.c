/* room.c: a placeholder until the room web has its first file. */
extern int room_web;
int room_web;
