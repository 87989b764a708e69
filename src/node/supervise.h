/* supervise.h: what the parent and the front say to each other, and to the service manager. Inside the room.
 */
#ifndef WN_NODE_SUPERVISE_H
#define WN_NODE_SUPERVISE_H

#include <stdint.h>
#include <sys/types.h>

/* Where the front finds its control socket (SOCK_SEQPACKET, one message a packet) and the lock. */
enum { FRONT_CONTROL_FD = 3, FRONT_LOCK_FD = 4 };

/* The first byte of a packet; text may follow. */
enum control {
    CONTROL_KEEPER = 'K',    /* front: a keeper's socket, please; parent: here it is (SCM_RIGHTS) */
    CONTROL_NO_KEEPER = 'N', /* parent: not now, and why */
    CONTROL_READY = 'R',     /* front: serving at this address */
    CONTROL_FAILED = 'F',    /* front: cannot, and a restart would not help: code, then what, kept, todo */
    CONTROL_BEAT = 'B',      /* front: alive */
    CONTROL_PROGRESS = 'P',  /* front: starting takes long: what it does */
};
#define CONTROL_MAX_BYTES 2048

/* sd_notify(3)'s protocol: one datagram to $NOTIFY_SOCKET. Nothing where there is none. */
void node__notify(const char *state);
/* Microseconds of $WATCHDOG_USEC, 0 where there is none. */
uint64_t node__watchdog_us(void);

#endif
