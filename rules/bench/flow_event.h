/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow_event: a flow event (JSON) as the record of a flow that ended, to judge it again. It
 * has what the event says; windows, and so live voice and pieces, are not in flow events.
 * Every byte may be hostile. Pure.
 */
#ifndef RULES_BENCH_FLOW_EVENT_H
#define RULES_BENCH_FLOW_EVENT_H

#include "capture/base/addr.h"
#include "capture/flow/observation.h"
#include "rules/event/parse.h"

/* False: no flow event, or none of a flow. `home` says what is inside. */
bool flow_event_record(struct span line, const struct prefix_set *home,
    struct intern *strings, struct observation *out);

#endif
