package match

import (
	"slices"
	"testing"
)

func TestPlacesInMessages(t *testing.T) {
	for text, want := range map[string][]int{
		"certificate 2 was not issued by certificate 3":        {2, 3},
		"cert.pem: block 2: unknown issuer":                    {2},
		"tls: cert #2 is out of order":                         {2},
		"the 2nd certificate does not sign the 1st":            {2, 1},
		"the second certificate has expired":                   {2},
		"chain broken at depth 1":                              {2},
		"chain[1] is no issuer of chain[0]":                    {2, 1},
		"certificate at place 3 is misplaced":                  {3},
		"certificate number 2 is missing":                      {2},
		"found 2 certificates, expected a whole chain":         nil,
		"/tmp/1-2/chain-03-leaf-only/cert.pem: chain is short": nil,
		"2026/01/02 03:04:05 chain incomplete":                 nil,
	} {
		if got := placesIn(text); !slices.Equal(got, want) {
			t.Errorf("%s: places %v, expected %v", text, got, want)
		}
	}
}
