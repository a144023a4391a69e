package acme

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"assay/fixtures/pki"
)

func TestChainsOfTheCA(t *testing.T) {
	t.Parallel()
	id := identity(t)
	leaf, intermediate, root := id.Leaf, id.Intermediates[0], id.Root
	stranger := identity(t).Root
	whole := string(id.ChainPEM())
	for name, test := range map[string]struct {
		kind, body string
		sound      bool
	}{
		"whole":                 {chainType, whole, true},
		"root included":         {chainType, string(pki.PEM(leaf, intermediate, root)), true},
		"leaf alone":            {chainType, string(pki.PEM(leaf)), true},
		"issuer left out":       {chainType, string(pki.PEM(leaf, root)), false},
		"stranger":              {chainType, string(pki.PEM(leaf, stranger)), false},
		"type with a parameter": {chainType + "; charset=utf-8", string(pki.PEM(leaf, stranger)), false},
		"nonsense":              {chainType, "nonsense", false},
		"no certificate in the PEM": {
			chainType, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", false,
		},
		"other answers are not looked at": {"application/json", string(pki.PEM(leaf, stranger)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chains := soundChains{roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: http.StatusOK,
					Header:     http.Header{"Content-Type": {test.kind}},
					Body:       io.NopCloser(strings.NewReader(test.body)),
				}, nil
			})}
			res, err := chains.RoundTrip(nil)
			if (err == nil) != test.sound {
				t.Fatalf("got error %v, want sound: %v", err, test.sound)
			}
			if err != nil {
				return
			}
			if got, err := io.ReadAll(res.Body); err != nil || string(got) != test.body {
				t.Errorf("the body arrived as %q, %v", got, err)
			}
		})
	}
}
