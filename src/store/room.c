/* room.c: a placeholder until the room store has its first file. */
extern int room_store;
int room_store;
