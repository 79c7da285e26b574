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
syntax keyword earshotField app app.category app.confidence app.risks call.ago call.fits call.length call.rate chunks.count
syntax keyword earshotField chunks.equal_bytes chunks.even_gaps chunks.even_sizes chunks.pace chunks.period chunks.rate
syntax keyword earshotField chunks.regular chunks.seconds chunks.size chunks.slope chunks.span chunks.spread chunks.upload
syntax keyword earshotField chunks.way content content.codec content.format content.length content.name content.proof content.rate
syntax keyword earshotField content.seconds content.type dest.as_org dest.asn dest.claimed dest.country dest.devices dest.ip
syntax keyword earshotField dest.key dest.logical dest.looked_up dest.name dest.name_source dest.new dest.new_to_device
syntax keyword earshotField dest.port dest.settled dest.since device.first_mac device.identity device.key device.known
syntax keyword earshotField device.mac device.name device.new device.owner device.random device.role device.room device.since
syntax keyword earshotField device.system device.vendor device.was dns.bytes dns.held dns.mean dns.queries download download.captured
syntax keyword earshotField flow.end flow.last flow.start gaps.up hour http.host http.method loss.packets outbound packets.down
syntax keyword earshotField packets.up pair.download pair.upload quarantined quic.sni retransmitted.up rtp.codec rtp.ssrc
syntax keyword earshotField rtp.type src.ip src.port text.outside text.plain text.printable tls.certificate tls.sni transport
syntax keyword earshotField tunnel.kind upload upload.captured upload.unseen vlan voice.bytes_fano voice.clock voice.clocked
syntax keyword earshotField voice.constant voice.fano voice.filled voice.framed voice.held voice.packets voice.pass voice.passed
syntax keyword earshotField voice.period voice.rate voice.score voice.seconds voice.since voice.size voice.size_cv voice.stays
syntax keyword earshotField voice.steady voice.upload voice.windows voice.within way.bytes way.half way.media way.packets
syntax keyword earshotField way.setup way.shared way.turned way.two weekday window.length window.scope window.start wire.down
syntax keyword earshotField wire.up
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
