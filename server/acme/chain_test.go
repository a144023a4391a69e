package acme

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"assay/server/internal/mint"
)

func TestChainsOfTheCA(t *testing.T) {
	t.Parallel()
	root := mint.CA(t, nil, "root")
	intermediate := mint.CA(t, root, "intermediate")
	leaf := mint.Leaf(t, intermediate, "a.test")
	stranger := mint.CA(t, nil, "stranger")
	whole := string(mint.PEM(leaf, intermediate))
	for name, test := range map[string]struct {
		kind, body string
		sound      bool
	}{
		"whole":                           {chainType, whole, true},
		"root included":                   {chainType, string(mint.PEM(leaf, intermediate, root)), true},
		"leaf alone":                      {chainType, string(mint.PEM(leaf)), true},
		"issuer left out":                 {chainType, string(mint.PEM(leaf, root)), false},
		"stranger":                        {chainType, string(mint.PEM(leaf, stranger)), false},
		"type with a parameter":           {chainType + "; charset=utf-8", string(mint.PEM(leaf, stranger)), false},
		"nonsense":                        {chainType, "nonsense", false},
		"no certificate in the PEM":       {chainType, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", false},
		"other answers are not looked at": {"application/json", string(mint.PEM(leaf, stranger)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chains := soundChains{roundTrip(func(r *http.Request) (*http.Response, error) {
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
