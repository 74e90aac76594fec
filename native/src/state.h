/* state.h: questions to a record's state word. Its legend stands in catzilla_jit.h. */
#ifndef CZ_STATE_H
#define CZ_STATE_H

#include "catzilla_jit.h"

static inline uint32_t cz__phase(uint32_t state)
{
    return state & CZ_PHASE;
}

static inline bool cz__final(uint32_t state)
{
    return cz_is_final(state);
}

#endif
