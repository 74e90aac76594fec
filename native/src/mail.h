/* mail.h: records that the language binding must look at, in order of posting.
 *
 * A watched record ended, a record that diverts failures failed, a time limit passed that only
 * the binding can enforce. The mailbox is a stack of extras that takes no lock; posters are any
 * thread, the taker is one (native/README.md, "Extras").
 */
#ifndef CZ_MAIL_H
#define CZ_MAIL_H

#include "extra.h"

/* The record has an extra. */
void cz__mail_post(struct cz_record *record, uint32_t reason);

#endif
