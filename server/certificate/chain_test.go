package certificate

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/server/internal/mint"
)

func TestChainProblems(t *testing.T) {
	t.Parallel()
	root := mint.CA(t, nil, "root")
	upper := mint.CA(t, root, "upper")
	middle := mint.CA(t, upper, "middle", mint.AIA)
	lower := mint.CA(t, middle, "lower", mint.AIA)
	leaf := mint.Leaf(t, lower, "a.test", mint.AIA)
	private := mint.Leaf(t, root, "private.test")
	selfSigned := mint.Leaf(t, nil, "self.test")
	foreign := mint.CA(t, nil, "foreign")
	namesake := mint.CA(t, nil, "lower")
	oldCA := mint.CA(t, root, "old", mint.Expired)
	underOld := mint.Leaf(t, oldCA, "b.test", mint.AIA)
	futureCA := mint.CA(t, root, "future", mint.NotYet)
	underFuture := mint.Leaf(t, futureCA, "c.test", mint.AIA)
	oldRoot := mint.CA(t, nil, "old root", mint.Expired)
	underOldRoot := mint.Leaf(t, oldRoot, "d.test")
	notCA := mint.Leaf(t, private, "e.test")

	const followed = "certificate 1 (CN=a.test) is followed by "
	for name, test := range map[string]struct {
		chain []*mint.Pair
		want  []string // parts of the one line that is expected; none for a sound chain
	}{
		"three intermediates":            {[]*mint.Pair{leaf, lower, middle, upper}, nil},
		"three intermediates and root":   {[]*mint.Pair{leaf, lower, middle, upper, root}, nil},
		"issued by a private root":       {[]*mint.Pair{private}, nil},
		"issued by a private root, here": {[]*mint.Pair{private, root}, nil},
		"self-signed leaf":               {[]*mint.Pair{selfSigned}, nil},
		"expired root":                   {[]*mint.Pair{underOldRoot, oldRoot}, nil},

		"leaf only": {[]*mint.Pair{leaf},
			[]string{"certificate 1 (CN=a.test) has no issuer in the file", `"CN=lower" is missing, expected it at place 2`}},
		"top missing": {[]*mint.Pair{leaf, lower, middle},
			[]string{"certificate 3 (CN=middle) has no issuer in the file", `"CN=upper" is missing, expected it at place 4`}},
		"middle missing": {[]*mint.Pair{leaf, lower, upper},
			[]string{"certificate 2 (CN=lower) is followed by certificate 3 (CN=upper)", `issuer "CN=middle" is missing, expected it at place 3`}},
		"intermediates missing, root here": {[]*mint.Pair{leaf, root},
			[]string{"certificate 1 (CN=a.test) is followed by certificate 2 (CN=root)", `issuer "CN=lower" is missing`}},
		"wrong order": {[]*mint.Pair{leaf, middle, lower, upper},
			[]string{followed + "certificate 2 (CN=middle)", `issuer "CN=lower" is misplaced at place 3, expected it at place 2`}},
		"leaf twice": {[]*mint.Pair{leaf, leaf, lower, middle, upper},
			[]string{followed + "certificate 2 (CN=a.test)", `issuer "CN=lower" is misplaced at place 3`}},
		"foreign certificate between": {[]*mint.Pair{leaf, foreign, lower, middle, upper},
			[]string{followed + "certificate 2 (CN=foreign)", `issuer "CN=lower" is misplaced at place 3`}},
		"foreign certificate at the end": {[]*mint.Pair{leaf, lower, middle, upper, foreign},
			[]string{"certificate 4 (CN=upper) is followed by certificate 5 (CN=foreign)", `issuer "CN=root" is missing`}},
		"issuer's namesake": {[]*mint.Pair{leaf, namesake},
			[]string{"certificate 2 (CN=lower), which did not issue it", `issuer "CN=lower" is missing`}},
		"something after a self-signed leaf": {[]*mint.Pair{selfSigned, root},
			[]string{"certificate 1 (CN=self.test) is followed by certificate 2 (CN=root)", "self-signed, expected nothing after it"}},
		"something after the root": {[]*mint.Pair{private, root, foreign},
			[]string{"certificate 2 (CN=root) is followed by", "self-signed, expected nothing after it"}},
		"expired intermediate":       {[]*mint.Pair{underOld, oldCA}, []string{"certificate 2 (CN=old) expired on"}},
		"intermediate not yet valid": {[]*mint.Pair{underFuture, futureCA}, []string{"certificate 2 (CN=future) is not valid before"}},
		"issuer is no CA":            {[]*mint.Pair{notCA, private}, []string{"certificate 1 (CN=e.test) is followed by"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var chain []*x509.Certificate
			for _, pair := range test.chain {
				chain = append(chain, pair.Certificate)
			}
			got := ChainProblems(chain)
			if test.want == nil {
				if diff := cmp.Diff([]string(nil), got); diff != "" {
					t.Errorf("false alarm: %s", diff)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("got %d problems, want 1: %q", len(got), got)
			}
			for _, part := range test.want {
				if !strings.Contains(got[0], part) {
					t.Errorf("got  %s\nwant %s", got[0], part)
				}
			}
		})
	}
}
