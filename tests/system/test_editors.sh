#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Editors: the colours know every field, and what is wrong in a file stands in the list when it is saved.
. "$(dirname "$0")/../tools/tap.sh"

bash contrib/editors/vim.sh "$EARSHOT" >"$T/syntax.vim"
check "test_editors_syntax_is_what_the_tables_make" cmp "$T/syntax.vim" contrib/editors/vim/syntax/earshot.vim
if ! command -v vim >/dev/null || ! vim --version | grep -q '+eval'; then
	skip "test_editors_vim_checks_on_save" "needs vim"
	finish
fi
json=1; "$EARSHOT" rules check --format json >"$T/json" 2>&1 && jq -e .findings "$T/json" >/dev/null 2>&1 || json=0
printf 'rule r {\n\tid 1  severity low  kind tunnel\n\twhen uplod >= 1 MB\n}\n' >"$T/site.rules"
[ $json = 1 ] || skip "test_editors_vim_checks_on_save" "rules check has no --format json"
vim -u NONE -N -es -i NONE --cmd "set rtp^=$PWD/contrib/editors/vim" --cmd "let g:earshot_check='$PWD/$EARSHOT rules check --format json -s'" \
	-c 'filetype plugin on' -c 'syntax on' -c "edit $T/site.rules" -c write \
	-c "call writefile([&filetype] + map(getloclist(0), 'v:val.lnum . \":\" . v:val.col . \":\" . v:val.type . \":\" . v:val.text') + [synIDattr(synID(3, 2, 1), \"name\"), synIDattr(synID(2, 6, 1), \"name\")], '$T/list')" \
	-c 'qa!' >"$T/vim.out" 2>&1 </dev/null
equal "test_editors_vim_knows_the_file" earshot "$(head -n 1 "$T/list" 2>/dev/null)"
[ $json = 0 ] || check "test_editors_vim_checks_on_save" grep -q "^3:7:E:there is no field 'uplod' = did you mean 'upload'?" "$T/list"
check "test_editors_vim_colours_words" grep -q '^earshotPart$' "$T/list"
finish
