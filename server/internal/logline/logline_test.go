package logline

import (
	"log"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"plain text":            "plain text",
		"bücher 漢字":             "bücher 漢字",
		`back\slash "quoted"`:   `back\slash "quoted"`,
		"a\nb":                  `a\nb`,
		"a\r\nb":                `a\r\nb`,
		"a\tb":                  `a\tb`,
		"\x1b[31mred":           `\x1b[31mred`,
		"\x00":                  `\x00`,
		"\x7f\u0085":            `\x7f\u0085`,
		"right\u202eto left":    `right\u202eto left`,
		"\u2028\u2029\ufeff":    `\u2028\u2029\ufeff`,
		"\u200bzero\u2066width": `\u200bzero\u2066width`,
		"not UTF-8 \xff\xfe":    `not UTF-8 \xff\xfe`,
		"\U000e0001":            `\U000e0001`,
	} {
		if got := Escape(given); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":          "",
		"abcde":     "abcde",
		"abcdef":    "abcde… (1 more characters)",
		"äöüßéè":    "äöüßé… (1 more characters)",
		"abcd\nefg": `abcd\… (4 more characters)`,
	} {
		if got := Shorten(given, 5); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
}

func TestWriterWritesOneLineForEachMessage(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	logger := log.New(NewWriter(&out), "", 0)
	logger.Print("first\n2026/01/01 forged")
	logger.Print("second\n")
	if want := "first\\n2026/01/01 forged\nsecond\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		logger := Limit(log.New(&out, "", 0), 3, time.Minute)
		for range 10 {
			logger.Print("trouble")
		}
		time.Sleep(time.Minute) // virtual time, which passes at once
		logger.Print("more")
		logger.Print("still more")
		time.Sleep(time.Hour) // likewise
		for range 5 {
			logger.Print("later")
		}
		want := strings.Repeat("trouble\n", 3) +
			"7 similar lines were left out of the log\nmore\n" +
			"1 similar lines were left out of the log\n" + strings.Repeat("later\n", 3)
		if got := out.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}
