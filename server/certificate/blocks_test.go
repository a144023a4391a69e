package certificate

import (
	"bytes"
	"encoding/pem"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"assay/fixtures/pki"
)

// TestDamagedFiles writes each form into the certificate file and into the key
// file, and expects a message that names the file and what is wrong.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	id := mint(t, "a.test", pki.Spec{Intermediates: 2})
	chain, key := string(id.ChainPEM()), string(keyPEM(t, id))
	blocks := strings.SplitAfter(chain, "-----END CERTIFICATE-----\n")
	leaf, lower, upper := blocks[0], blocks[1], blocks[2]
	const expected = ", expected the certificate and its chain in PEM"
	const boundary = "-----BEGIN CERTIFICATE-----\n"
	utf16Text := func(bigEndian bool, mark string) string {
		var b bytes.Buffer
		b.WriteString(mark)
		for _, unit := range utf16.Encode([]rune(chain)) {
			if bigEndian {
				b.Write([]byte{byte(unit >> 8), byte(unit)})
			} else {
				b.Write([]byte{byte(unit), byte(unit >> 8)})
			}
		}
		return b.String()
	}
	last := strings.Count(leaf, "\n") // the line of the leaf's END
	places := strings.NewReplacer("LAST",
		strconv.Itoa(last), "NEXT", strconv.Itoa(last+1), "INNER", strconv.Itoa(last+2), "LOWER",
		strconv.Itoa(last+strings.Count(lower, "\n")-1), "AFTER",
		strconv.Itoa(strings.Count(chain, "\n")+1))
	for name, test := range map[string]struct {
		cert string
		want string // after the name of the file
	}{
		"byte order mark": {
			"\ufeff" + chain, "found a byte order mark (EF BB BF) before the text" + expected,
		},
		"UTF-16, little endian":      {utf16Text(false, "\xff\xfe"), "found text in UTF-16" + expected},
		"UTF-16, big endian":         {utf16Text(true, "\xfe\xff"), "found text in UTF-16" + expected},
		"UTF-16 LE without its mark": {utf16Text(false, ""), "found text in UTF-16" + expected},
		"UTF-16 BE without its mark": {utf16Text(true, ""), "found text in UTF-16" + expected},
		"line ends of old Macs": {
			strings.ReplaceAll(chain, "\n", "\r"), "found lines that end with CR alone" + expected,
		},
		"joined blocks": {strings.TrimSuffix(leaf, "\n") + lower + upper,
			"found two boundary lines that are joined, without a line break between them, on " +
				"line LAST" + expected},
		"joined with a blank": {strings.TrimSuffix(leaf, "\n") + " " + lower + upper,
			"found two boundary lines that are joined, without a line break between them, on " +
				"line LAST" + expected},
		"indented": {
			"  " + strings.ReplaceAll(chain, "\n", "\n  "),
			"found an indented boundary line on line 1" + expected,
		},
		"indented by a tab, second block": {leaf + "\t" + strings.ReplaceAll(lower, "\n", "\n\t"),
			"found an indented boundary line on line NEXT" + expected},
		"indented end": {
			strings.Replace(chain, "-----END", "  -----END", 1),
			"found an indented boundary line on line LAST" + expected,
		},
		"text before the boundary": {"tls.crt: " + chain,
			"found a boundary line with other text before it on line 1" + expected},
		"four dashes": {strings.Replace(chain, "-----BEGIN", "----BEGIN", 1),
			"found a boundary line that does not begin with exactly five dashes and a capital " +
				"BEGIN or END on line 1" + expected},
		"typographic dashes": {
			leaf + strings.ReplaceAll(lower, "-----", "—"),
			"found a boundary line that does not begin with exactly five dashes and a " +
				"capital BEGIN or END on line NEXT",
		},
		"six dashes at the end": {strings.Replace(chain, "CERTIFICATE-----", "CERTIFICATE------", 1),
			"found a boundary line that does not end with exactly five dashes on line 1" + expected},
		"empty block at the end": {chain + boundary + "-----END CERTIFICATE-----\n",
			"found nothing in block 4 (CERTIFICATE, line AFTER)" + expected},
		"empty block in the middle": {leaf + boundary + "\n-----END CERTIFICATE-----\n" + lower + upper,
			"found nothing in block 2 (CERTIFICATE, line NEXT)" + expected},
		"damaged second block": {leaf + strings.Replace(lower, "MII", "M!!", 1) + upper,
			"found text that is not base64 in block 2 (CERTIFICATE, line NEXT) (truncated or " +
				"damaged)" + expected},
		"not a certificate in the second block": {leaf + boundary + "AAAA\n-----END " +
			"CERTIFICATE-----\n" + upper,
			"found a damaged certificate at block 2 (line NEXT) ("},
		"no END line in the middle": {leaf + boundary + lower + upper,
			"found the beginning of another block on line INNER before the END line of block 2 " +
				"(CERTIFICATE, line NEXT) (truncated or damaged)" + expected},
		"cut off": {leaf + lower[:len(lower)/2],
			"found no END line for block 2 (CERTIFICATE, line NEXT) (truncated or damaged)" + expected},
		"no BEGIN line": {leaf + strings.TrimPrefix(lower, boundary) + upper,
			"found an END line without a BEGIN line on line LOWER (truncated or damaged)" + expected},
		"another END line": {strings.Replace(chain, "END CERTIFICATE", "END PRIVATE KEY", 1),
			"found the end of a PRIVATE KEY block on line LAST, in block 1 (CERTIFICATE, line 1)" +
				expected},
		"TRUSTED CERTIFICATE": {
			strings.ReplaceAll(leaf, "CERTIFICATE", "TRUSTED CERTIFICATE") + lower + upper,
			"found the type TRUSTED CERTIFICATE at block 1 (line 1), expected CERTIFICATE, to " +
				"which openssl x509 converts it"},
		"TRUSTED CERTIFICATE in the middle": {leaf + strings.ReplaceAll(lower, "CERTIFICATE",
			"TRUSTED CERTIFICATE") + upper,
			"found the type TRUSTED CERTIFICATE at block 2 (line NEXT), expected CERTIFICATE, " +
				"to which openssl x509 converts it"},
		"X509 CERTIFICATE": {strings.ReplaceAll(leaf, "CERTIFICATE", "X509 CERTIFICATE"),
			"found the type X509 CERTIFICATE at block 1 (line 1), expected CERTIFICATE"},
		"PKCS #7": {string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: []byte{0x30, 0}})),
			"found the type PKCS7 at block 1 (line 1), expected CERTIFICATE, to which openssl " +
				"pkcs7 -print_certs converts it"},
		"signing request": {strings.ReplaceAll(leaf, "CERTIFICATE", "CERTIFICATE REQUEST"),
			"found no CERTIFICATE block but CERTIFICATE REQUEST" + expected},
		"blanks alone": {" \n\t\n", "found no PEM block" + expected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := place(t, []byte(test.cert), []byte(key))
			_, _, err := Load(files)
			want := "tls_cert_path: " + files.CertPath + ": " + places.Replace(test.want)
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	for name, test := range map[string]struct{ key, want string }{
		"byte order mark": {
			"\ufeff" + key,
			"found a byte order mark (EF BB BF) before the text, expected a private key in PEM",
		},
		"indented": {
			"  " + strings.ReplaceAll(key, "\n", "\n  "),
			"found an indented boundary line on line 1, expected a private key in PEM",
		},
		"joined with its chain": {
			strings.TrimSuffix(key, "\n") + chain,
			"found two boundary lines that are joined, without a line break between them, on " +
				"line 5, expected a private key in PEM",
		},
		"public key": {
			strings.ReplaceAll(key, "PRIVATE", "PUBLIC"),
			"found no PRIVATE KEY block but PUBLIC KEY, expected a private key in PEM",
		},
		"empty block": {
			"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
			"found nothing in block 1 (PRIVATE KEY, line 1), expected a private key in PEM",
		},
	} {
		t.Run("key, "+name, func(t *testing.T) {
			t.Parallel()
			files := place(t, []byte(chain), []byte(test.key))
			_, _, err := Load(files)
			want := "tls_key_path: " + files.KeyPath + ": " + test.want
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// TestUnusualFilesThatAreWhole checks that nothing is said against files that
// are only unusual.
func TestUnusualFilesThatAreWhole(t *testing.T) {
	t.Parallel()
	id := mint(t, "a.test", pki.Spec{Intermediates: 2})
	chain, key := string(id.ChainPEM()), string(keyPEM(t, id))
	for name, cert := range map[string]string{
		"no line break at the end": strings.TrimSuffix(chain, "\n"),
		"blank lines between": strings.ReplaceAll(chain, "-----END CERTIFICATE-----\n",
			"-----END CERTIFICATE-----\n\n\n"),
		"blanks after each line": strings.ReplaceAll(chain, "\n", " \t\n"),
		"line ends of Windows":   strings.ReplaceAll(chain, "\n", "\r\n"),
		"one long line of base64": strings.NewReplacer(
			"-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n",
			"\n-----END CERTIFICATE-----\n", "\n-----END CERTIFICATE-----\n",
			"\n", "").Replace(chain),
		"Bag Attributes": strings.ReplaceAll(chain, "-----BEGIN", "Bag Attributes\n "+
			"   localKeyID: 01 02\nsubject=CN = a.test\n-----BEGIN"),
		"output of openssl": "---\nCertificate chain\n 0 s:CN = a.test\n" + chain +
			"---\n- BEGIN of nothing\n",
		"comment in another script": "# сертификат\n" + chain,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair, warnings, err := Load(place(t, []byte(cert), []byte(key)))
			if err != nil || len(warnings) > 0 || len(pair.Certificate) != 3 {
				t.Errorf("got %v, warnings %q\n%s", err, warnings, cert)
			}
		})
	}
}
