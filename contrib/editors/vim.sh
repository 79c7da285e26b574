#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes vim/syntax/earshot.vim anew: its fields are those of `earshot rules fields`.
# usage: vim.sh EARSHOT >contrib/editors/vim/syntax/earshot.vim
set -eu
fields=$("$1" rules fields | awk '/^[a-z]/ && $1 ~ /^[a-z._0-9]+$/ {print $1}' | sort -u)
cat <<'EOF'
" SPDX-License-Identifier: GPL-3.0-or-later
" Rule files of earshot. Written by contrib/editors/vim.sh; do not edit.
if exists('b:current_syntax')
  finish
endif
syntax case match
setlocal iskeyword+=.,-
syntax keyword earshotDeclaration default home inventory list macro hearing tz rule except include requires
syntax keyword earshotPart id rev severity kind scope suspect trial mitre related when limit every per explain
syntax keyword earshotPart lower raise note to because test pcap flows expect where owner reason until
syntax keyword earshotRow up down for cadence size times port app over with day contained
syntax keyword earshotOperator and or not in is known unknown empty within distinct usual then
syntax keyword earshotSeverity critical high medium low info
syntax keyword earshotParty device dest
EOF
echo "$fields" | awk '{line = line " " $1; if (length(line) > 90) {print "syntax keyword earshotField" line; line = ""}}
	END {if (line != "") print "syntax keyword earshotField" line}'
cat <<'EOF'
syntax match earshotNumber "\<-\=\d\+\(\.\d\+\)\=\>"
syntax match earshotUnit "\<\([kMGT]\=i\=B\|[kMG]\=bit/s\|ms\|s\|min\|h\|d\)\>" contained
syntax match earshotAmount "\<\d\+\(\.\d\+\)\= \=\([kMGT]i\=B\|B\|[kMG]\=bit/s\|ms\|s\|min\|h\|d\|%\|/s\)\ze\([^A-Za-z]\|$\)"
syntax match earshotTechnique "\<T\d\{4}\(\.\d\{3}\)\=\>"
syntax region earshotString start=+"+ skip=+\\"+ end=+"+ oneline contains=earshotHole,earshotEscape
syntax match earshotHole "{[a-z._]\+}" contained
syntax match earshotEscape +\\["\\nt]+ contained
syntax match earshotComment "#.*$" contains=@Spell
syntax region earshotFlows start="\<flows {" end="}" contains=ALL transparent fold
syntax sync minlines=100
highlight default link earshotDeclaration Keyword
highlight default link earshotPart Statement
highlight default link earshotRow Statement
highlight default link earshotOperator Operator
highlight default link earshotSeverity Constant
highlight default link earshotParty Identifier
highlight default link earshotField Identifier
highlight default link earshotNumber Number
highlight default link earshotAmount Number
highlight default link earshotTechnique Constant
highlight default link earshotString String
highlight default link earshotHole Special
highlight default link earshotEscape Special
highlight default link earshotComment Comment
let b:current_syntax = 'earshot'
EOF
