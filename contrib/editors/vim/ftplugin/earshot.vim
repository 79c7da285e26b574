" SPDX-License-Identifier: GPL-3.0-or-later
" Checks on save; what is found stands in the location list of the window.
" No look at b:did_ftplugin: vim took the file for hog first, and that one has set it.
let b:did_ftplugin = 1

setlocal commentstring=#\ %s
setlocal iskeyword+=.,-
setlocal noexpandtab shiftwidth=8

if !exists('g:earshot_check')
  let g:earshot_check = 'earshot rules check --format json -s'
endif

if !exists('*s:check')
  function s:check() abort
    if g:earshot_check ==# ''
      return
    endif
    let l:out = system(g:earshot_check . ' ' . shellescape(expand('%:p')) . ' 2>/dev/null')
    try
      let l:answer = json_decode(l:out)
    catch
      echohl ErrorMsg | echom 'earshot: ' . split(l:out . ' ', "\n")[0] | echohl None
      return
    endtry
    let l:list = []
    for l:f in get(l:answer, 'findings', [])
      call add(l:list, {'filename': l:f.file, 'lnum': l:f.line, 'col': l:f.column,
            \ 'type': l:f.level ==# 'error' ? 'E' : 'W',
            \ 'text': l:f.message . (has_key(l:f, 'remedy') ? ' = ' . l:f.remedy : '')})
    endfor
    call setloclist(0, l:list)
  endfunction
endif

augroup earshot_check
  autocmd! BufWritePost <buffer>
  autocmd BufWritePost <buffer> call s:check()
augroup END
