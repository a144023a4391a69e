package suite

import (
	"bytes"
	"fmt"

	"assay/fixtures/pki"
)

// pairAs writes a pair in one of the forms that tools and people give PEM
// files.
func (s *Scenario) pairAs(form string, id *pki.Identity) (cert, key string) {
	chainText := id.ChainPEM()
	keyText, err := id.KeyPEM(pki.SEC1)
	s.must(err)
	switch form {
	case "combined":
		both, err := id.Combined()
		s.must(err)
		path := s.Write("combined.pem", both)
		return path, path
	case "text-before": // as openssl x509 -text and the browsers' exports have it
		chainText = append([]byte("Certificate:\n    Data:\n        Version: 3 (0x2)\nsubject=CN = "+s.Hostname+"\n"), chainText...)
		keyText = append([]byte("Private-Key: (256 bit)\nBag Attributes: <No Attributes>\n"), keyText...)
	case "ec-parameters": // as openssl ecparam -genkey writes it: the curve P-256 by name
		keyText = append([]byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), keyText...)
	case "crlf":
		chainText, keyText = bytes.ReplaceAll(chainText, []byte("\n"), []byte("\r\n")), bytes.ReplaceAll(keyText, []byte("\n"), []byte("\r\n"))
	default:
		s.must(fmt.Errorf("form %q of a pair: expected one that the spec knows", form))
	}
	return s.Write("cert.pem", chainText), s.Write("key.pem", keyText)
}
