package life

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
)

const root = "../../../.."

func TestGenerateIsDeterministic(t *testing.T) {
	t.Parallel()
	for number := range 50 {
		a, b := Generate(SeedOf(7, number), modes), Generate(SeedOf(7, number), modes)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("walk %d is another one at the second time:\n%s", number, diff)
		}
	}
	if cmp.Equal(Generate(SeedOf(7, 0), modes), Generate(SeedOf(8, 0), modes)) {
		t.Error("two seeds give the same walk")
	}
}

// TestGenerateReachesEverything generates walks until every step in each of its forms was
// there. No form may be rare: walks are few.
func TestGenerateReachesEverything(t *testing.T) {
	t.Parallel()
	const enough = 4000
	seen := map[string]int{}
	for number := range enough {
		w := Generate(SeedOf(1, number), modes)
		seen["mode "+w.Mode]++
		for _, s := range w.Steps {
			seen[s.String()]++
		}
	}
	for _, m := range modes {
		if seen["mode "+m] < enough/5 {
			t.Errorf("%d of %d walks are in mode %s, expected a fifth at least", seen["mode "+m], enough, m)
		}
	}
	for _, k := range kinds {
		steps := []Step{{Do: k.name}}
		if len(k.hows) > 0 {
			steps = nil
			for _, how := range k.hows {
				steps = append(steps, Step{Do: k.name, How: how})
			}
		}
		if len(k.spans) > 0 {
			steps = nil
			for _, span := range k.spans {
				steps = append(steps, Step{Do: k.name, For: span})
			}
		}
		for _, s := range steps {
			if seen[s.String()] < 10 {
				t.Errorf("%d of %d walks have the step %s, expected 10", seen[s.String()], enough, s)
			}
		}
	}
}

func TestWalksCanBeReadAgain(t *testing.T) {
	t.Parallel()
	for number := range 200 {
		w := Generate(SeedOf(3, number), modes)
		if number%2 == 0 {
			w.About = "a text: with {braces}, \"quotes\" and #"
		}
		back, err := Read("walk.yaml", w.Write())
		if err != nil {
			t.Fatalf("%s\n%v", w.Write(), err)
		}
		if diff := cmp.Diff(w, back); diff != "" {
			t.Fatalf("the walk is another one (-written +read):\n%s", diff)
		}
	}
}

func TestReadMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{
			"",
			"found an empty file",
		},
		{
			"mode: acme\nsteps: [{do: start}]\n",
			`mode: found "acme", expected one of own, http-01, tls-alpn-01`,
		},
		{
			"mode: own\n",
			"steps: found nothing, expected a list of steps",
		},
		{
			"mode: own\nsteps: [{do: jump}]\n",
			`steps[0].do: found "jump", expected one of start`,
		},
		{
			"mode: own\nsteps: [{do: ca, how: down}]\n",
			"steps[0].do: found ca, expected a step of the mode own",
		},
		{
			"mode: http-01\nsteps: [{do: ca, how: asleep}]\n",
			`steps[0].how: found "asleep", expected one of well`,
		},
		{
			"mode: own\nsteps: [{do: pass}]\n",
			"steps[0].for: found nothing, expected a time such as 12h or 30d",
		},
		{
			"mode: own\nsteps: [{do: pass, for: 9999d}]\n",
			"steps[0].for: found 9999d, expected at most 400d",
		},
		{
			"mode: own\nsteps: [{do: start, how: fast}]\n",
			"steps[0].how: found fast, expected nothing",
		},
		{
			"mode: own\nby: magic\nsteps: [{do: start}]\n",
			`by: found "magic", expected one of renaming`,
		},
		{
			"mode: http-01\nby: writing\nsteps: [{do: start}]\n",
			"by: found writing, expected nothing",
		},
		{
			"mode: own\nsteps: [{do: start}]\nspeed: 3\n",
			"speed: found an unknown key",
		},
	} {
		_, err := Read("walk.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: found the error %v, expected %q in it", c.text, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("mode: own\nby: writing\nsteps:\n  - {do: pass, for: 3d}\n"))
	f.Add([]byte("mode: http-01\nabout: why\nsteps: [{do: ca, how: down}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := Read("walk.yaml", text)
		if err != nil {
			return
		}
		back, err := Read("walk.yaml", w.Write())
		if err != nil {
			t.Fatalf("a walk that was read cannot be read again: %v\n%s", err, w.Write())
		}
		if diff := cmp.Diff(w, back); diff != "" {
			t.Fatalf("the walk is another one (-first +second):\n%s", diff)
		}
	})
}

// TestShrink shrinks walks for which it is known what matters.
func TestShrink(t *testing.T) {
	t.Parallel()
	holds := func(w Walk, wanted ...string) bool {
		at := 0
		for _, s := range w.Steps {
			if at < len(wanted) && s.String() == wanted[at] {
				at++
			}
		}
		return at == len(wanted)
	}
	wanted := []string{"ca down", "kill", "start"}
	tried := 0
	for number := range 300 {
		w := Generate(SeedOf(11, number), []string{ModeHTTP})
		at := number % len(w.Steps)
		for i, text := range wanted { // put them anywhere, in this order
			do, how, _ := strings.Cut(text, " ")
			w.Steps = slices.Insert(w.Steps, min(at+2*i, len(w.Steps)), Step{Do: do, How: how})
		}
		short := Shrink(w, 60, func(c Walk) bool { tried++; return holds(c, wanted...) })
		if !holds(short, wanted...) {
			t.Fatalf("the shorter walk lacks what matters: %v", short.Steps)
		}
		if len(short.Steps) > len(wanted)+1 {
			t.Errorf("%d steps were left of %d, expected %d: %v", len(short.Steps), len(w.Steps),
				len(wanted), short.Steps)
		}
	}
	if tried > 300*60 {
		t.Errorf("%d tries, expected at most %d", tried, 300*60)
	}
}

// TestInvariantsAreInTheCatalogue looks for the requirements that promise the invariants.
func TestInvariantsAreInTheCatalogue(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range Invariants {
		if seen[v.ID] || v.Text == "" || len(v.From) == 0 {
			t.Errorf("%s: expected an invariant of its own, with a text and a source", v.ID)
		}
		seen[v.ID] = true
		for _, id := range v.From {
			if _, _, found := catalogue.Find(id); !found {
				t.Errorf("%s: the catalogue has no %s", v.ID, id)
			}
		}
	}
}

// TestContractsShowTables compares the tables of CONTRACTS.md with the steps and invariants.
func TestContractsShowTables(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "suite", "CONTRACTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for table := range strings.SplitSeq(Tables(), "\n\n") {
		if !strings.Contains(string(text), "\n\n"+strings.TrimSpace(table)+"\n\n") {
			t.Errorf("suite/CONTRACTS.md lacks the table\n%s", table)
		}
	}
}
