/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bridge: libndpi behind the cell's set of operations.
 * bridge.c alone includes its headers.
 */
#ifndef CLASSIFY_DPI_BRIDGE_H
#define CLASSIFY_DPI_BRIDGE_H

#include "classify/dpi/cell.h"

extern const struct classifier_ops bridge_ops;

#endif
