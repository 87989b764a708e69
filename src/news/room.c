/* room.c: a placeholder until the room news has its first file. */
extern int room_news;
int room_news;
