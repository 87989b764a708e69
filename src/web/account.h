/* account.h: what the files of the account's pages share, and the pages of answer_publish.c. */
#ifndef WN_WEB_ACCOUNT_H
#define WN_WEB_ACCOUNT_H

#include "web/route.h"

/* Where to go after signing in: an address of this node. */
struct str account_next(struct request *r);
int account_name_check(struct str name, struct err *err);
/* A new password, typed twice. */
int account_password_check(struct str password, struct str again, struct err *err);
/* Whether this node takes another account from this form; uses the invitation up. ERR_DENIED. */
int account_may_sign_up(struct request *r, struct err *err);
/* The account could not be made after all: the invitation is good again. */
void account_sign_up_failed(struct request *r);

/* Unlocks the key and begins a session with a new cookie. */
int account_sign_in(struct request *r, struct str name, struct str password, struct err *err);

/* err as the value "problem" of a page on which it can be mended, and that page's status. */
void account_problem(struct request *r, struct view *view, const struct err *err);
int account_problem_status(const struct err *err);
/* The node itself failed, which is no fault of what was typed. */
bool account_problem_is_ours(const struct err *err);
/* What this node keeps in the browser beside cookies goes: texts not sent yet, pages kept for reading without
 * a connection. Whoever sits here next is perhaps somebody else. */
void account_forget_in_browser(struct request *r);

void page_signed_record(struct request *r);
void page_confirm(struct request *r);

#endif
