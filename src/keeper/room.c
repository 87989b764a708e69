/* room.c: a placeholder until the room keeper has its first file. */
extern int room_keeper;
int room_keeper;
