/* room.c: a placeholder until the room record has its first file. */
extern int room_record;
int room_record;
