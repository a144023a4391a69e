package pebble

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestEntryJSON(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]Entry{
		`{"t_ms":3,"from":"target","to":"edge","what":"POST newOrder","kind":"newOrder",` +
			`"status":201,"identifiers":["www.example.test"],"order":"o"}`: {
			T: 3 * time.Millisecond, From: "target", To: "edge",
			What: "POST newOrder", Kind: KindNewOrder, Status: 201,
			Identifiers: []string{"www.example.test"}, Order: "o",
		},
		`{"t_ms":0,"from":"ca","to":"edge","what":"challenge http-01 invalid",` +
			`"problem":"p","detail":"d","challenge":"http-01"}`: {
			From: "ca", To: "edge", What: "challenge http-01 invalid",
			Problem: "p", Detail: "d", Challenge: "http-01",
		},
	} {
		got, err := json.Marshal(e)
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

func TestNoSecretsInDetails(t *testing.T) {
	t.Parallel()
	token, thumb := strings.Repeat("t0ken_-", 6), strings.Repeat("thumb", 8)+"abc"
	j := newJournal(nil)
	for _, text := range []string{
		`Get "http://www.example.test:80/.well-known/acme-challenge/` + token + `": EOF`,
		`did not match this challenge "` + token + "." + thumb + `" != "nonsense"`,
		"JWS has an invalid anti-replay nonce: " + token,
	} {
		j.add(Entry{Detail: text})
	}
	if text := j.String(); strings.Contains(text, "t0ken") || strings.Contains(text, "thumb") {
		t.Errorf("the journal contains secrets:\n%s", text)
	}
	want := `did not match this challenge "<key-authorization>" != "nonsense"`
	if got := j.Entries()[1].Detail; got != want {
		t.Errorf("got %s, expected %s", got, want)
	}
}

// What a client does not know of is no act: time need not pass slowly after it.
func TestActs(t *testing.T) {
	t.Parallel()
	j := newJournal(nil)
	for _, e := range []Entry{
		{Kind: KindCA, What: "down"},
		{Kind: KindDirectory, Status: 200},
		{Kind: KindRenewalInfo, Status: 200},
	} {
		if j.add(e); j.Acts() != 0 {
			t.Errorf("%v: counted as an act, expected not", e)
		}
	}
	for i, e := range []Entry{
		{Kind: KindDirectory, Fault: faultDown},
		{Kind: KindRenewalInfo, Status: 500},
		{Kind: KindNewOrder, Status: 201},
		{Kind: KindCA, What: "issuance failed", Detail: "d"},
	} {
		if j.add(e); j.Acts() != uint64(i+1) {
			t.Errorf("%v: not counted as an act, expected so", e)
		}
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	j := newJournal(nil)
	two := func(j *Journal) bool { return len(j.Issued()) == 2 }
	go func() {
		for range 2 {
			j.add(Entry{Kind: KindIssued, What: "certificate issued"})
		}
	}()
	if err := j.Wait(t.Context(), "two certificates", two); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := j.Wait(ctx, "a third certificate", func(j *Journal) bool { return len(j.Issued()) == 3 })
	if err == nil || !strings.Contains(err.Error(), "a third certificate") ||
		!strings.Contains(err.Error(), "certificate issued") {
		t.Errorf("got %v, expected what was awaited and what came instead", err)
	}
}
