" SPDX-License-Identifier: GPL-3.0-or-later
" Others (Suricata, udev) call theirs .rules as well, and vim takes them for hog: look at what stands in it.
autocmd BufRead,BufNewFile *.rules call s:look()

function! s:look() abort
  for line in getline(1, 200)
    if line =~# '^\(default \)\=\(home\|inventory\|list\|macro\|hearing\|tz\|include\|requires\)\>'
          \ || line =~# '^rule \S\+ {' || line =~# '^except rule '
      set filetype=earshot
      return
    endif
  endfor
endfunction
