/* account.h: what the account's two files of pages share, and the pages of answer_publish.c. */
#ifndef WN_WEB_ACCOUNT_H
#define WN_WEB_ACCOUNT_H

#include "web/route.h"

/* Where to go after signing in: an address of this node. */
struct str account_next(struct request *r);
int account_name_check(struct str name, struct err *err);
/* Whether this node takes another account from this form; uses the invitation up. ERR_DENIED. */
int account_may_sign_up(struct request *r, struct err *err);
/* The account could not be made after all: the invitation is good again. */
void account_sign_up_failed(struct request *r);

void page_signed_record(struct request *r);
void page_confirm(struct request *r);

#endif
