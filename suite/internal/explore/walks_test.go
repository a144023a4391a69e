package explore

import (
	"slices"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

// kept returns the walks of scenarios/walks.
func kept(t *testing.T) map[string]Walk {
	t.Helper()
	names, err := scenarios.Walks()
	if err != nil || len(names) == 0 {
		t.Fatalf("found %d walks, %v", len(names), err)
	}
	all := map[string]Walk{}
	for _, name := range names {
		text, err := scenarios.Walk(name)
		if err != nil {
			t.Fatal(err)
		}
		walk, err := Read("scenarios/walks/"+name+".yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		if walk.About == "" {
			t.Errorf("%s: found no about, expected why it is kept", name)
		}
		all[name] = walk
	}
	return all
}

// Each walk that is kept is a case of RES-88, and each case is a walk.
func TestKeptWalksAreCases(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	requirement, _, found := catalogue.Find("RES-88")
	if !found {
		t.Fatal("found no RES-88")
	}
	var cases []string
	for _, c := range requirement.Cases {
		var row struct{ Walk string }
		if err := c.Decode(&row); err != nil || row.Walk != c.Name {
			t.Errorf("%s: found the walk %q, %v", c.Name, row.Walk, err)
		}
		cases = append(cases, c.Name)
	}
	names, err := scenarios.Walks()
	if err != nil || !slices.Equal(names, cases) {
		t.Errorf("found the cases %q, expected %q (%v)", cases, names, err)
	}
	if _, err := scenarios.Walk("no-such"); err == nil {
		t.Error("found a walk that there is not")
	}
}

// Each walk that is kept finds nothing in the reference server, and the fault for which it is
// kept in a known-bad one.
func TestKeptWalks(t *testing.T) {
	// The known-bad server, and the invariant that it breaks.
	finds := map[string][2]string{
		"asleep-past-the-end":                {"renew-sleeps-with-the-machine", "recovers"},
		"ca-away-past-the-end":               {"renew-dies-without-the-ca", "alive"},
		"clients-while-the-ca-is-away":       {"second-hello-of-a-retry-refused", "served"},
		"full-cache-from-the-start":          {"res-unstored-certificate-unmentioned", "names-the-cause"},
		"name-away-past-the-end":             {"renew-sulks-for-a-week", "recovers"},
		"pair-damaged-between-two-good-ones": {"bad-pair-replaces-good-one", "own-key"},
		"pair-written-slowly":                {"first-replacement-alone-taken-up", "takes-up"},
		"restarted-while-validated":          {"cache-cleared-at-start", "stored-where-told"},
		"secret-of-kubernetes":               {"key-decides-whether-a-pair-is-new", "takes-up"},
	}
	for name, walk := range kept(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := explored(t, "", Options{Play: &walk})
			if r.Exit != report.ExitOK || len(r.Unjudged) > 0 {
				t.Errorf("the reference server: expected a walk that finds nothing:\n%s", r.story())
			}
			bad, known := finds[name]
			if !known {
				t.Fatal("found no known-bad server for it")
			}
			r = explored(t, bad[0], Options{Play: &walk})
			if len(r.Finds) != 1 || r.Finds[0].Invariant != bad[1] {
				t.Errorf("%s: expected it to break %s:\n%s", bad[0], bad[1], r.story())
			}
		})
	}
}
