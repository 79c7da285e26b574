/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warmup: a few flows through a classifier before it loses its right to open files. A TLS
 * certificate makes libc open the time zone, a QUIC initial makes libgcrypt open its own
 * settings; what was opened once is not opened again.
 */
#ifndef CLASSIFY_DPI_WARMUP_H
#define CLASSIFY_DPI_WARMUP_H

#include "classify/dpi/cell.h"

void warmup_run(const struct classifier_ops *ops, void *classifier);

#endif
