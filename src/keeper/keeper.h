/* keeper.h: the client side of the keeper, the process that alone holds private keys. Messages only.
 *
 * The keeper runs as its own process (keeper_main), with its key file as an inherited descriptor, no network,
 * nothing else open, under seccomp. This header is all that other rooms see of it. Leans on record and base.
 *
 * A struct keeper is one connection that any number of threads may use at once: passwords are hashed by one
 * thread of the keeper, one at a time, while another goes on signing. When the keeper dies, the next call
 * after its restart goes on: sessions live in the ticket, not in the process. */
#ifndef WN_KEEPER_H
#define WN_KEEPER_H

#include "record/record.h"

#include <sys/types.h>

struct keeper;

/* ---- the process
 * -------------------------------------------------------------------------------------------------- */

/* The keeper's main loop: requests on socket_fd (SOCK_STREAM, framed as wire.h says), key file on file_fd, 32
 * bytes of pepper. Returns when the socket closes. Called in the re-executed binary ("widenet keeper", an
 * internal command) by keeper_command(), which takes the three from the descriptors keeper_spawn() left. */
int keeper_main(int socket_fd, int file_fd, const uint8_t pepper[32]);
int keeper_command(void); /* the exit status; 2 where those descriptors are not there */
/* Starts one: forks, executes "program keeper" and returns our end of the socket. key_file and secret_file
 * are created (0600) where missing; a missing secret beside keys is ERR_NOT_FOUND, for without it they open
 * nothing. */
int keeper_spawn(const char *program, const char *key_file, const char *secret_file, int *socket_fd,
    pid_t *pid, struct err *err);

/* ---- the client
 * ---------------------------------------------------------------------------------------------------- */

/* socket_fd is the keeper's now. get_socket, where given, is called to obtain a new one after the keeper went
 * away. */
struct keeper *keeper_connect(int socket_fd, int (*get_socket)(void *ctx), void *ctx);
void keeper_disconnect(struct keeper *k); /* takes NULL */

/* A signed-in session. The ticket is the private key wrapped under a secret which only the cookie holds (and
 * the pepper, which only the keeper knows): the front can store the ticket, and without the cookie it opens
 * nothing. */
#define KEEPER_SECRET_BYTES 32
#define KEEPER_TICKET_BYTES 160
struct keeper_session {
    uint8_t secret[KEEPER_SECRET_BYTES];
    uint8_t ticket[KEEPER_TICKET_BYTES];
};

/* A new key for a person. name: 1 … 64 bytes. password: 10 … 1,024 bytes. ERR_EXISTS, ERR_INPUT. */
int keeper_create(
    struct keeper *k, struct str name, struct str password, struct pubkey *out, struct err *err);
/* A key that signs unattended (an import's source, the node): only the kinds given, without the ±5 minutes.
 */
int keeper_create_unattended(
    struct keeper *k, struct str name, const uint32_t *kinds, size_t n, struct pubkey *out, struct err *err);
/* Password → session. ERR_DENIED for a wrong name or password, told apart from nobody; ERR_LIMIT with the
 * seconds to wait in todo; ERR_BUSY where too many wait already. The password counts as given for 2 minutes.
 */
int keeper_unlock(struct keeper *k, struct str name, struct str password, struct keeper_session *out,
    struct pubkey *key, struct err *err);
/* The same, told where the try comes from, so that strangers' wrong tries do not hold up the name's owner:
 * device is what an earlier keeper_unlock_from gave this browser (a cookie that outlives the session), or
 * NULL; address is anything that stands for the reader's address (its bytes, or a hash). With a good device
 * only that device's own wrong tries count. device_out is to be kept in that cookie; a new password makes it
 * void. */
#define KEEPER_DEVICE_BYTES 48
struct keeper_source {
    uint8_t address[16];
    const uint8_t *device; /* KEEPER_DEVICE_BYTES, or NULL */
};
int keeper_unlock_from(struct keeper *k, struct str name, struct str password,
    const struct keeper_source *source, struct keeper_session *out, struct pubkey *key,
    uint8_t device_out[KEEPER_DEVICE_BYTES], struct err *err);
/* Signs: fills pubkey, id, sig of r, whose other fields are set. ERR_DENIED: ticket not valid (sign in
 * again); kind not allowed; or the kind wants the password again (todo says so): see keeper_confirm.
 * ERR_LIMIT: rate. ERR_INPUT: created_at not within 5 minutes. */
int keeper_sign(struct keeper *k, const struct keeper_session *s, struct record *r, struct err *err);
int keeper_sign_unattended(struct keeper *k, const struct pubkey *key, struct record *r, struct err *err);
/* Many at once, in as few messages as they fit. Stops at the first that fails: *signed_n were signed. */
int keeper_sign_unattended_many(struct keeper *k, const struct pubkey *key, struct record *r, size_t n,
    size_t *signed_n, struct err *err);
/* The password again: for 2 minutes this session may sign the kinds that ask for it, export and change the
 * password. */
int keeper_confirm(
    struct keeper *k, const struct keeper_session *s, struct str name, struct str password, struct err *err);
/* NIP-44 version 2, with a session's key. out is appended to. */
int keeper_nip44_encrypt(struct keeper *k, const struct keeper_session *s, const struct pubkey *peer,
    struct str plain, struct buf *out, struct err *err);
int keeper_nip44_decrypt(struct keeper *k, const struct keeper_session *s, const struct pubkey *peer,
    struct str payload, struct buf *out, struct err *err);
/* Ends every session and device of the name, the caller's too (unlock again with the new password): whoever
 * changes a password wants others out. ERR_DENIED for a wrong old password. */
int keeper_change_password(
    struct keeper *k, struct str name, struct str old_password, struct str new_password, struct err *err);
/* NIP-49: "ncryptsec1…" under export_password (log_n 16). Wants the account's password. */
int keeper_export(struct keeper *k, struct str name, struct str password, struct str export_password,
    struct buf *out, struct err *err);
/* A key brought along: NIP-49 text, or "nsec1…" typed into `widenet account key`. */
int keeper_import_key(struct keeper *k, struct str name, struct str password, struct str key_text,
    struct str key_password, struct pubkey *out, struct err *err);
/* Ends a session now, others of the same key go on. The keeper remembers the last 16 ended of each key. */
int keeper_lock(struct keeper *k, const struct keeper_session *s, struct err *err);
/* Removes a key for good, its bytes overwritten. */
int keeper_forget(struct keeper *k, const struct pubkey *key, struct err *err);
struct keeper_key {
    char name[65];
    struct pubkey key;
    bool unattended;
};
int keeper_list(struct keeper *k, struct arena *arena, struct keeper_key **out, size_t *n, struct err *err);
/* A person's key by name, or an unattended one. ERR_NOT_FOUND. */
int keeper_find(struct keeper *k, struct str name, bool unattended, struct pubkey *out, struct err *err);
/* Reads a key file, also beside its keeper, and says in one line each what is not as it was written:
 * on_fault. Needs no secret. keys: how many are whole. A missing file is no fault. */
int keeper_check_file(const char *key_file, void (*on_fault)(void *ctx, const char *line), void *ctx,
    uint64_t *keys, struct err *err);
/* The owner's signing log: the last 96 at most, oldest first, as lines "number time kind id link": each link
 * is a hash, keyed with what only the keeper knows, of the one before and its line. ERR_CORRUPT (with the
 * lines nevertheless in out) where a link does not fit. */
int keeper_log(struct keeper *k, const struct pubkey *key, size_t max, struct buf *out, struct err *err);

#endif
