/* room.c: a placeholder until the room node has its first file. */
extern int room_node;
int room_node;
