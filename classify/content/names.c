/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names: what a declared type, a file's name and the words in it claim. Owns the three
 * tables; claims are cheap, so magic.c is asked first.
 */
#define _GNU_SOURCE	/* memmem */
#include "classify/content/parse.h"

#include <string.h>

struct word {
	const char *text;
	enum content_word class;
};

/* In a word of letters; what is not ASCII counts as a letter and has its own case here. */
static const char sure[] = " recording recordings audio audios voice voices voicemail "
    "voicememo voicememos voicenote voicenotes dictation dictations dictaphone interview "
    "interviews podcast podcasts soundrecording callrecording callrecordings "
    /* German, Dutch, Nordic */
    "diktat diktate diktiergerät aufnahme aufnahmen mitschnitt mitschnitte sprachmemo "
    "sprachmemos sprachaufnahme tonaufnahme gesprächsaufzeichnung opname opnames opnamen "
    "spraakmemo inspelning inspelningar röstmemo optagelse optagelser opptak lydopptak "
    "äänite nauhoitus "
    /* French, Spanish, Portuguese, Italian, Romanian */
    "enregistrement enregistrements dictée dictaphone entretien vocal vocaux grabacion "
    "grabación grabaciones entrevista entrevistas gravacao gravação gravacoes gravações "
    "registrazione registrazioni intervista vocale vocali inregistrare înregistrare "
    /* Slavic, Turkish, Hungarian, Greek */
    "nagranie nagrania dyktafon nahravka nahrávka nahrávky snimka snimak kayit kayıt "
    "seskaydi seskaydı felvétel hangfelvétel запись записи диктофон аудио аудиозапись "
    "разговор запис ηχογράφηση ";
static const char perhaps[] = " rec memo memos call calls meeting meetings mtg conversation "
    "conversations anruf anrufe gespräch gesprek besprechung sitzung vergadering réunion "
    "reunion appel appels reunión llamada llamadas reunião reuniao chamada chamadas "
    "riunione chiamata chiamate rozmowa spotkanie hovor schůzka звонок совещание möte ";
/* Written without blanks: anywhere in the name. */
static const char *const anywhere[] = { "\u5f55\u97f3", "\u9304\u97f3", "\u9332\u97f3",
	"\u8bed\u97f3", "\u8a9e\u97f3", "\u901a\u8bdd", "\u97f3\u58f0", "\ub179\uc74c",
	"\uc74c\uc131", "\u062a\u0633\u062c\u064a\u0644" };

enum content_word
class_of_type(struct span type)
{
	static const struct word words[] = {
		{ "video/3gpp", CONTENT_UNKNOWN },	/* recorders of voice call
							 * theirs so */
		{ "audio/", CONTENT_AUDIO }, { "video/", CONTENT_VIDEO },
		{ "image/", CONTENT_IMAGE }, { "text/", CONTENT_TEXT },
		{ "application/ogg", CONTENT_AUDIO },
		{ "application/pdf", CONTENT_DOCUMENT },
		{ "application/msword", CONTENT_DOCUMENT },
		{ "application/rtf", CONTENT_DOCUMENT },
		{ "application/postscript", CONTENT_DOCUMENT },
		{ "application/vnd.openxmlformats", CONTENT_DOCUMENT },
		{ "application/vnd.oasis.opendocument", CONTENT_DOCUMENT },
		{ "application/vnd.ms-", CONTENT_DOCUMENT },
		{ "application/zip", CONTENT_ARCHIVE }, { "application/gzip", CONTENT_ARCHIVE },
		{ "application/x-zip", CONTENT_ARCHIVE }, { "application/x-gzip", CONTENT_ARCHIVE },
		{ "application/x-tar", CONTENT_ARCHIVE }, { "application/x-rar", CONTENT_ARCHIVE },
		{ "application/vnd.rar", CONTENT_ARCHIVE },
		{ "application/x-7z", CONTENT_ARCHIVE }, { "application/x-xz", CONTENT_ARCHIVE },
		{ "application/x-bzip", CONTENT_ARCHIVE }, { "application/zstd", CONTENT_ARCHIVE },
		{ "application/json", CONTENT_TEXT }, { "application/xml", CONTENT_TEXT },
		{ "application/x-www-form-urlencoded", CONTENT_TEXT },
		{ "application/javascript", CONTENT_TEXT },
		{ "application/x-ndjson", CONTENT_TEXT },
		{ "application/x-executable", CONTENT_PROGRAM },
		{ "application/x-msdownload", CONTENT_PROGRAM },
		{ "application/x-debian-package", CONTENT_PACKAGE },
		{ "application/vnd.debian.binary-package", CONTENT_PACKAGE },
		{ "application/vnd.android.package-archive", CONTENT_PACKAGE },
		{ "application/x-rpm", CONTENT_PACKAGE },
		{ "application/java-archive", CONTENT_PACKAGE },
		{ "application/vnd.sqlite3", CONTENT_DATABASE },
		{ "application/x-sqlite3", CONTENT_DATABASE },
		{ "application/x-iso9660", CONTENT_DISK },
		{ "application/x-git-", CONTENT_SOURCE },
		{ "application/dicom", CONTENT_IMAGE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_starts(type, words[i].text))
			return words[i].class;
	return CONTENT_UNKNOWN;
}

enum content_word
class_of_name(struct span name)
{
	static const struct { const char *text; enum content_word class; } lists[] = {
		{ " mp3 m4a m4b aac wav wave opus ogg oga flac amr awb aif aiff aifc au snd caf "
		    "wma weba mka spx dss ds2 qcp mp2 ape wv gsm evs "
		    "rf64 bwf w64 ra ram mpc alac ac3 g722 g729 vox 3ga m4r voc ", CONTENT_AUDIO },
		{ " mp4 m4v mov avi mkv webm mpg mpeg wmv flv mts m2ts 3gp 3g2 ", CONTENT_VIDEO },
		{ " jpg jpeg png gif heic heif webp tif tiff bmp svg avif dng cr2 nef arw ",
		    CONTENT_IMAGE },
		{ " pdf doc docx xls xlsx ppt pptx odt ods odp rtf pages numbers key eml msg ",
		    CONTENT_DOCUMENT },
		{ " zip 7z rar tar gz tgz bz2 xz zst txz tbz2 lz4 ", CONTENT_ARCHIVE },
		{ " txt csv json xml html htm log md yaml yml ini css ", CONTENT_TEXT },
		{ " exe dll elf so bin class o ", CONTENT_PROGRAM },
		{ " msi deb rpm apk ipa jar whl snap pkg ", CONTENT_PACKAGE },
		{ " db sqlite mdb accdb sql dump pcap pcapng bak ", CONTENT_DATABASE },
		{ " iso img vmdk vhd vhdx qcow2 vdi ova dmg ", CONTENT_DISK },
		{ " c h cc cpp hpp cs java py js go rs rb php pl sh pas swift kt diff patch ",
		    CONTENT_SOURCE },
	};
	char word[10] = " ";
	size_t n = 0;

	while (n < name.left && n < 6 && name.at[name.left - 1 - n] != '.')
		n++;
	if (n == 0 || n > 5 || n >= name.left)
		return CONTENT_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = name.at[name.left - n + i];

		word[1 + i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		if (c <= ' ' || c >= 0x7f)
			return CONTENT_UNKNOWN;
	}
	word[1 + n] = ' ';
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (span_find(span_of(lists[i].text, strlen(lists[i].text)), word,
		    n + 2) != NULL)
			return lists[i].class;
	return CONTENT_UNKNOWN;
}

/* A word that means nothing else is enough; one that offices use for other things too
 * needs a date or a time beside it, as recorders write them. */
bool
speaks_of_recordings(struct span s)
{
	size_t digits = 0, n = 0;
	char word[48] = " ";
	bool may = false;

	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		if (span_find(s, anywhere[i], strlen(anywhere[i])) != NULL)
			return true;
	for (size_t i = 0; i <= s.left; i++) {
		uint8_t c = i < s.left ? s.at[i] : 0;

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 32);
		if (c >= '0' && c <= '9')
			digits++;
		if ((c >= 'a' && c <= 'z') || c >= 0x80) {
			if (n < sizeof(word) - 2)
				word[1 + n] = (char)c;
			n++;
			continue;
		}
		if (n > 0 && n < sizeof(word) - 2) {
			word[1 + n] = ' ';
			if (memmem(sure, sizeof(sure) - 1, word, n + 2) != NULL)
				return true;
			may |= memmem(perhaps, sizeof(perhaps) - 1, word, n + 2) != NULL;
		}
		n = 0;
	}
	return may && digits >= 6;
}
