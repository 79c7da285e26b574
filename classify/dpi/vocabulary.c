/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vocabulary: the words, and which of the library's names they stand for. Tables only
 * grow: a word that was printed once keeps its meaning.
 */
#include "classify/dpi/vocabulary.h"

#include "classify/dpi/dpi.h"

#include <stdbool.h>
#include <string.h>

/* X(word, the library's name, and the one of another version or NULL) */
#define RISK_WORDS(X) \
	X("xss", "XSS Attack", NULL) \
	X("sql-injection", "SQL Injection", NULL) \
	X("rce-injection", "RCE Injection", NULL) \
	X("program-transfer", "Binary Application Transfer", "Binary App Transfer") \
	X("unusual-port", "Known Protocol on Non Standard Port", "Known Proto on Non Std Port") \
	X("self-signed-certificate", "Self-signed Certificate", "Self-signed Cert") \
	X("obsolete-tls", "Obsolete TLS Version (1.1 or older)", "Obsolete TLS (v1.1 or older)") \
	X("weak-tls-cipher", "Weak TLS Cipher", NULL) \
	X("expired-certificate", "TLS Expired Certificate", "TLS Cert Expired") \
	X("certificate-mismatch", "TLS Certificate Mismatch", "TLS Cert Mismatch") \
	X("odd-user-agent", "HTTP Suspicious User-Agent", "HTTP Susp User-Agent") \
	X("numeric-host", "HTTP Numeric IP Address", "HTTP/TLS/QUIC Numeric Hostname/SNI") \
	X("odd-url", "HTTP Suspicious URL", "HTTP Susp URL") \
	X("odd-http-header", "HTTP Suspicious Header", "HTTP Susp Header") \
	X("tls-not-https", "TLS (probably) Not Carrying HTTPS", NULL) \
	X("generated-name", "Suspicious DGA Domain name", "Susp DGA Domain name") \
	X("malformed", "Malformed Packet", NULL) \
	X("obsolete-ssh-client", "SSH Obsolete Client Version/Cipher", \
	    "SSH Obsolete Cli Vers/Cipher") \
	X("obsolete-ssh-server", "SSH Obsolete Server Version/Cipher", \
	    "SSH Obsolete Ser Vers/Cipher") \
	X("insecure-smb", "SMB Insecure Version", "SMB Insecure Vers") \
	X("odd-esni", "TLS Suspicious ESNI Usage", "TLS Susp ESNI Usage") \
	X("unsafe-protocol", "Unsafe Protocol", NULL) \
	X("odd-dns", "Suspicious DNS Traffic", "Susp DNS Traffic") \
	X("no-sni", "Missing SNI TLS Extension", "Missing SNI TLS Extn") \
	X("odd-http-content", "HTTP Suspicious Content", "HTTP Susp Content") \
	X("risky-network", "Risky ASN", NULL) \
	X("risky-name", "Risky Domain Name", NULL) \
	X("bad-fingerprint", "Possibly Malicious JA3 Fingerprint", "Malicious Fingerprint") \
	X("bad-certificate", "Possibly Malicious SSL Cert. SHA1 Fingerprint", \
	    "Malicious SSL Cert/SHA1 Fingerp.") \
	X("desktop-sharing", "Desktop/File Sharing Session", "Desktop/File Sharing") \
	X("uncommon-alpn", "Uncommon TLS ALPN", NULL) \
	X("long-certificate", "TLS Certificate Validity Too Long", "TLS Cert Validity Too Long") \
	X("odd-tls-extension", "TLS Suspicious Extension", "TLS Susp Extn") \
	X("tls-alert", "TLS Fatal Alert", NULL) \
	X("odd-entropy", "Suspicious Entropy", "Susp Entropy") \
	X("clear-credentials", "Clear-Text Credentials", "Clear-Text Creds") \
	X("large-dns", "DNS Packet Larger Than 512 bytes", "Large DNS Packet (512+ bytes)") \
	X("fragmented-dns", "Fragmented DNS Message", NULL) \
	X("odd-characters", "Text Contains Non-Printable Characters", \
	    "Non-Printable/Invalid Chars Detected") \
	X("possible-exploit", "Possible Exploit Detected", "Possible Exploit") \
	X("expiring-certificate", "TLS Certificate About To Expire", "TLS Cert About To Expire") \
	X("punycode", "IDN Domain Name", "Punycode domain name") \
	X("error-code", "Error Code", "Error Code Detected") \
	X("crawler", "Crawler/Bot", "Crawler/Bot Detected") \
	X("anonymous-subscriber", "Anonymous Subscriber", NULL) \
	X("unidirectional", "Unidirectional Traffic", NULL) \
	X("obsolete-http-server", "HTTP Obsolete Server", NULL) \
	X("periodic", "Periodic Flow", NULL) \
	X("minor-issues", "Minor Issues", NULL) \
	X("tcp-issues", "TCP Connection Issues", NULL) \
	X("fully-encrypted", "Fully Encrypted Flow", "Fully encrypted flow") \
	X("alpn-mismatch", "ALPN/SNI Mismatch", NULL) \
	X("malware-host", "Client Contacted A Malware Host", "Malware Host Contacted") \
	X("program-data-transfer", "Binary File/Data Transfer (Attempt)", "Binary Data Transfer") \
	X("probing", "Probing Attempt", NULL) \
	X("obfuscated", "Obfuscated Traffic", NULL)

struct risk_name {
	const char *word, *name, *other;
};

static const struct risk_name risks[] = {
#define X(word, name, other) { word, name, other },
	RISK_WORDS(X)
#undef X
};

_Static_assert(sizeof(risks) / sizeof(*risks) <= 64, "a set of risks is one 64-bit word");

/* Cleaned library name -> our word, where the two differ or versions do. */
static const struct {
	const char *from, *to;
} aliases[] = {
	{ "unknown", "" }, { "unspecified", "" }, { "ssl", "tls" },
	{ "ftp-control", "ftp" }, { "smbv1", "smb" }, { "smbv23", "smb" },
	{ "ip-in-ip", "ipip" }, { "pops", "pop3s" }, { "pop", "pop3" },
	{ "doh-dot", "dns-encrypted" }, { "dot", "dns-encrypted" }, { "doh", "dns-encrypted" },
	{ "sina-weibo", "weibo" }, { "sinaweibo", "weibo" }, { "jabber", "xmpp" },
	{ "msonedrive", "onedrive" }, { "ms-onedrive", "onedrive" },
	{ "appleicloud", "icloud" }, { "mssql-tds", "mssql" },
	{ "skype-teams", "teams" }, { "skype-teamscall", "teams-call" },
	{ "skypecall", "teams-call" }, { "whatsappcall", "whatsapp-call" },
	{ "whatsappfiles", "whatsapp-files" }, { "facebookvoip", "facebook-call" },
	{ "signalvoip", "signal-call" }, { "snapchatcall", "snapchat-call" },
	{ "kakaotalk-voice", "kakaotalk-call" }, { "googlehangoutduo", "google-meet" },
	{ "googlemeet", "google-meet" }, { "googledrive", "google-drive" },
	{ "googledocs", "google-docs" },
	{ "amazonaws", "aws" }, { "socks5", "socks" },
	{ "socks4", "socks" }, { "ciscovpn", "cisco-vpn" },
	{ "datatransfer", "data-transfer" }, { "socialnetwork", "social-network" },
	{ "remoteaccess", "remote-access" }, { "softwareupdate", "software-update" },
	{ "filesharing", "file-sharing" }, { "virtassistant", "assistant" },
	{ "conncheck", "connectivity-check" }, { "connectivitycheck", "connectivity-check" },
	{ "email", "mail" },
};

static const struct {
	const char *app;
	enum tunnel_word tunnel;
} tunnels[] = {
	{ "openvpn", TUNNEL_OPENVPN }, { "wireguard", TUNNEL_WIREGUARD },
	{ "ipsec", TUNNEL_IPSEC }, { "ssh", TUNNEL_SSH }, { "tor", TUNNEL_TOR },
	{ "socks", TUNNEL_SOCKS }, { "http-connect", TUNNEL_CONNECT }, { "gre", TUNNEL_GRE },
	{ "pptp", TUNNEL_OTHER }, { "l2tp", TUNNEL_OTHER }, { "ipip", TUNNEL_OTHER },
	{ "cisco-vpn", TUNNEL_OTHER }, { "forticlient", TUNNEL_OTHER },
	{ "tinc", TUNNEL_OTHER }, { "teredo", TUNNEL_OTHER }, { "ayiya", TUNNEL_OTHER },
	{ "hotspotshield", TUNNEL_OTHER }, { "softether", TUNNEL_OTHER },
	{ "psiphon", TUNNEL_OTHER }, { "ultrasurf", TUNNEL_OTHER },
	{ "anyconnect", TUNNEL_OTHER }, { "tailscale", TUNNEL_OTHER },
	{ "tunnelbear", TUNNEL_OTHER }, { "nordvpn", TUNNEL_OTHER },
	{ "protonvpn", TUNNEL_OTHER }, { "mullvad", TUNNEL_OTHER }, { "i2p", TUNNEL_OTHER },
	{ "cloudflarewarp", TUNNEL_OTHER }, { "operavpn", TUNNEL_OTHER },
	{ "icloudprivaterelay", TUNNEL_OTHER }, { "gtp-u", TUNNEL_OTHER },
	{ "vxlan", TUNNEL_OTHER }, { "geneve", TUNNEL_OTHER }, { "freevpn", TUNNEL_OTHER },
};

static const struct {
	uint16_t port;
	uint8_t proto;		/* 0: TCP and UDP */
	const char *app;
} ports[] = {
	{ 20, 6, "ftp-data" }, { 21, 6, "ftp" }, { 22, 6, "ssh" }, { 23, 6, "telnet" },
	{ 25, 6, "smtp" }, { 53, 0, "dns" }, { 67, 17, "dhcp" }, { 68, 17, "dhcp" },
	{ 69, 17, "tftp" }, { 80, 6, "http" }, { 110, 6, "pop3" }, { 123, 17, "ntp" },
	{ 137, 17, "netbios" }, { 138, 17, "netbios" }, { 139, 6, "smb" }, { 143, 6, "imap" },
	{ 161, 17, "snmp" }, { 389, 0, "ldap" }, { 443, 6, "tls" }, { 443, 17, "quic" },
	{ 445, 6, "smb" }, { 465, 6, "smtps" }, { 500, 17, "ipsec" }, { 514, 0, "syslog" },
	{ 546, 17, "dhcpv6" }, { 547, 17, "dhcpv6" }, { 554, 6, "rtsp" }, { 587, 6, "smtp" },
	{ 631, 6, "ipp" }, { 636, 6, "tls" }, { 853, 6, "dns-encrypted" }, { 873, 6, "rsync" },
	{ 989, 6, "tls" }, { 990, 6, "tls" }, { 993, 6, "imaps" }, { 995, 6, "pop3s" },
	{ 1080, 6, "socks" }, { 1194, 0, "openvpn" }, { 1723, 6, "pptp" }, { 1883, 6, "mqtt" },
	{ 1935, 6, "rtmp" }, { 3389, 0, "rdp" }, { 3478, 0, "stun" }, { 4500, 17, "ipsec" },
	{ 5060, 0, "sip" }, { 5061, 6, "tls" }, { 5222, 6, "xmpp" }, { 5353, 17, "mdns" },
	{ 5355, 17, "llmnr" }, { 5900, 6, "vnc" }, { 6379, 6, "redis" }, { 8080, 6, "http" },
	{ 8443, 6, "tls" }, { 8883, 6, "tls" }, { 9001, 6, "tor" }, { 9418, 6, "git" },
	{ 51820, 17, "wireguard" },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

size_t
app_name_clean(const char *library_name, char *buf, size_t size)
{
	size_t n = 0;
	bool gap = false;

	if (size == 0)
		return 0;
	/* No word begins or ends with a dash, and none has two in a row. */
	for (const char *p = library_name; *p != '\0' && n + 1 < size; p++) {
		char c = *p;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.') {
			if (gap && n > 0 && n + 2 < size)
				buf[n++] = '-';
			gap = false;
			buf[n++] = c;
		} else
			gap = true;
	}
	buf[n] = '\0';
	for (size_t i = 0; i < COUNT(aliases); i++) {
		size_t len = strlen(aliases[i].to);

		if (strcmp(buf, aliases[i].from) != 0 || len >= size)
			continue;
		memcpy(buf, aliases[i].to, len + 1);
		return len;
	}
	return n;
}

unsigned
risk_count(void)
{
	return (unsigned)COUNT(risks);
}

const char *
risk_word(unsigned n)
{
	return n < COUNT(risks) ? risks[n].word : NULL;
}

int
risk_from_library_name(const char *name)
{
	for (size_t i = 0; name != NULL && i < COUNT(risks); i++)
		if (strcmp(name, risks[i].name) == 0 ||
		    (risks[i].other != NULL && strcmp(name, risks[i].other) == 0))
			return (int)i;
	return -1;
}

enum tunnel_word
tunnel_from_app(const char *app)
{
	for (size_t i = 0; i < COUNT(tunnels); i++)
		if (strcmp(app, tunnels[i].app) == 0)
			return tunnels[i].tunnel;
	return TUNNEL_NONE;
}

const char *
any_word(enum vocabulary v, unsigned n)
{
	return v == VOCABULARY_RISK ? risk_word(n) : vocabulary_word(v, n);
}

const char *
app_by_port(uint8_t proto, uint16_t port)
{
	if (proto != IPPROTO_IS_TCP && proto != IPPROTO_IS_UDP)
		return "";
	for (size_t i = 0; i < COUNT(ports); i++)
		if (ports[i].port == port &&
		    (ports[i].proto == 0 || ports[i].proto == proto))
			return ports[i].app;
	return "";
}
