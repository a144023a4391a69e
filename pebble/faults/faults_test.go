package faults

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const seconds = "429 with Retry-After in seconds"
	for text, want := range map[string]string{
		"newOrder=badNonce":            "badNonce at newOrder number 1",
		"finalize=500@2":               "500 at finalize number 2",
		"newOrder=429:3h+":             seconds + " at every newOrder from number 1 on",
		"any=drop@3+":                  "connection dropped at every any from number 3 on",
		"authz=slow:2s":                "slow body at authz number 1",
		"directory=html":               "HTML at directory number 1",
		"order=invalid":                "order invalid at order number 1",
		"certificate=chain":            "chain cut at certificate number 1",
		"certificate=wrongKey@2":       "certificate for another key at certificate number 2",
		"certificate=wrongName:x.test": "certificate for another name at certificate number 1",
		"renewalInfo=garbage":          "garbage at renewalInfo number 1",
		"newNonce=redirect":            "redirect in a circle at newNonce number 1",
		"challenge=429":                "429 at challenge number 1",
	} {
		fault, err := Parse(text)
		if err != nil || fault.String() != want {
			t.Errorf("%s: %s, %v, expected %s", text, fault, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      Form,
		"newOrder":              Form,
		"neworder=500":          "KIND is one of directory",
		"newOrder=":             Names,
		"newOrder=200":          Names,
		"newOrder=tea":          Names,
		"newOrder=500:1s":       Names,
		"newOrder=badNonce:1":   Names,
		"newOrder=500@0":        "the number of a request",
		"newOrder=500@-1":       "the number of a request",
		"newOrder=500@":         "the number of a request",
		"newOrder=429:soon":     "expected a time",
		"newOrder=slow:-1s":     "expected a time",
		"newOrder=chain":        "found the kind newOrder",
		"authz=invalid":         "found the kind authz",
		"newOrder=wrongName:x":  "found the kind newOrder",
		"certificate=wrongName": Names,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, expected %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("newOrder=429:3h+")
	f.Add("certificate=wrongName:x@2")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := Parse(text)
		kind, _, _ := strings.Cut(text, "=")
		if err == nil && !strings.Contains(fault.String(), kind) {
			t.Errorf("%q became %q", text, fault)
		}
	})
}
