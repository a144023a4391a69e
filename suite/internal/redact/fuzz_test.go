package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"assay/suite/internal/linear"
)

// part reports whether a text holds a part of a secret that somebody could use: as
// many of its characters in a row as [shortestSecret] says twice.
func part(text, secret string) string {
	const long = 2 * shortestSecret
	for i := 0; i+long <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+long]) {
			return secret[i : i+long]
		}
	}
	return ""
}

var planted = func() (all []string) {
	for seed := range uint64(4) {
		all = append(all, b64Of(seed))
	}
	return append(all, strings.NewReplacer("-", "+", "_", "/").Replace(b64Of(5))+"==",
		"0a1b2c3d4e5f60718293a4b5c6d7e8f9")
}()

// FuzzSecret checks that a known secret does not survive, whatever stands around it,
// and however it is wrapped, escaped and packed.
func FuzzSecret(f *testing.F) {
	for how := range uint8(12) {
		f.Add("key: ", " end", how, how*7)
		f.Add("a\\", "=b", how, how)
		f.Add("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", how, uint8(3))
		f.Add(`{"protected":"`, `"}`, how, uint8(200))
	}
	redactor := New(planted...)
	f.Fuzz(func(t *testing.T, before, after string, how, place uint8) {
		secret := planted[int(how)%len(planted)]
		written := secret
		switch at := int(place) % len(secret); how / 8 % 6 {
		case 1:
			written = secret[:at] + "\n    " + secret[at:]
		case 2:
			written = secret[:at] + `\n` + secret[at:]
		case 3:
			written = secret[:at] + "\r\n" + secret[at:]
		case 4:
			written = strings.NewReplacer("+", "-", "/", "_", "-", "+", "_", "/").Replace(secret)
		case 5:
			written = strings.ReplaceAll(secret, "/", `\/`)
		}
		text := before + written + after
		if how >= 128 {
			packed, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			text = string(packed)
		}
		got := redactor.Text(text)
		if found := part(squeeze(got), squeeze(secret)); found != "" &&
			part(squeeze(before+after), squeeze(secret)) == "" {
			t.Errorf("%q became %q, which holds %q of the secret", text, got, found)
		}
		if twice := redactor.Text(got); twice != got {
			t.Errorf("%q\n once %q\ntwice %q", text, got, twice)
		}
	})
}

// FuzzPEM checks that the body of a private key in PEM does not survive, although
// nobody has told the Redactor of it: whole, cut at either end, and between others.
func FuzzPEM(f *testing.F) {
	for how := range uint8(8) {
		f.Add("log: ", " more\n", how, uint8(0))
		f.Add("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", how, uint8(9))
		f.Add("-----END PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n", how, uint8(70))
		f.Add("", "", how, uint8(255))
	}
	f.Fuzz(func(t *testing.T, before, after string, how, cut uint8) {
		var body []string
		for seed := range uint64(1 + how%4) {
			body = append(body, (b64From64(seed) + b64From64(seed+9))[:64])
		}
		lines := append(append([]string{"-----BEGIN PRIVATE KEY-----"}, body...),
			"-----END PRIVATE KEY-----")
		separator := "\n"
		if how&32 != 0 {
			separator = "\r\n    "
		}
		key := strings.Join(lines, separator) + "\n"
		switch at := int(cut) % len(key); {
		case how&4 != 0: // the end is missing, but the line that says what it is stands
			key = key[:max(at, len(lines[0]))] + "\n\x00"
			after = "\n" + after
		case how&8 != 0: // the beginning is missing
			key = "\x00\n" + key[min(at, len(key)-len(lines[len(lines)-1])-1):]
			before += "\n"
		}
		text := before + key + after
		if how&16 != 0 {
			packed, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			text = string(packed)
		}
		got := Redactor{}.Text(text)
		for _, line := range body {
			if found := part(got, line); found != "" && part(before+after, line) == "" {
				t.Errorf("%q became %q, which holds %q of the key", text, got, found)
			}
		}
	})
}

func b64From64(seed uint64) string {
	return strings.NewReplacer("-", "+", "_", "/").Replace(b64Of(seed))
}

// FuzzText checks that a Redactor that knows no secret takes linear time, and that a
// second pass changes nothing.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", `"d":"`, "eyJ", ".", "token ",
		"hmac key=", "eab_key=", ".well-known/acme-challenge/", "abcdefghijklmnopqrstuvwxyz0123456789",
		"\\n", b64Of(3) + ".", `"signature":"` + b64Of(4) + `"`, "eyJ" + b64Of(5) + "." + b64Of(6),
	} {
		f.Add(text)
	}
	redactor := New(planted...)
	f.Fuzz(func(t *testing.T, text string) {
		got := redactor.Text(text)
		if twice := redactor.Text(got); twice != got {
			t.Errorf("%q\n once %q\ntwice %q", text, got, twice)
		}
		linear.Check(t, text, func(long string) { redactor.Text(long) })
	})
}
