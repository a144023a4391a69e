package certificate

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/fixtures/pki"
)

func TestChainProblems(t *testing.T) {
	t.Parallel()
	public := mint(t, "a.test", pki.Spec{Intermediates: 3})
	leaf, root := public.Leaf, public.Root
	lower, middle, upper := public.Intermediates[0], public.Intermediates[1], public.Intermediates[2]
	privateID := mint(t, "private.test", pki.Spec{})
	private, privateRoot := privateID.Leaf, privateID.Root
	selfSigned := selfSignedFor(t, "self.test", 0).Leaf
	foreign := mint(t, "other.test", pki.Spec{}).Root
	crossSigned := withDefect(t, mint(t, "a.test", pki.Spec{Intermediates: 1}), pki.CrossSignedRoot)
	directory := withDefect(t, mint(t, "b.test", pki.Spec{}), pki.CAIssuers)
	underOld := withDefect(t, mint(t, "b.test", pki.Spec{Intermediates: 1}), pki.ExpiredIntermediate)
	// CA certificates are valid from ten years before Now to ten years after.
	underFuture := mint(t,
		"c.test", pki.Spec{Intermediates: 1, Now: time.Now().Add(11 * 365 * day), NotBefore: time.Now()})
	underOldRoot := mint(t,
		"d.test", pki.Spec{Now: time.Now().Add(-11 * 365 * day), NotBefore: time.Now()})

	namesake := *foreign // another key
	namesake.RawSubject, namesake.Subject = lower.RawSubject, lower.Subject
	noCA := *lower
	noCA.IsCA = false

	names := strings.NewReplacer("NAME lower",
		Name(lower), "NAME middle", Name(middle), "NAME upper", Name(upper), "NAME foreign",
		Name(foreign), "NAME root", Name(root), "NAME private root", Name(privateRoot))
	const followed = "certificate 1 (CN=a.test) is followed by "
	for name, test := range map[string]struct {
		chain []*x509.Certificate
		want  []string // parts of the one line that is expected; none for a sound chain
	}{
		"three intermediates":            {[]*x509.Certificate{leaf, lower, middle, upper}, nil},
		"three intermediates and root":   {[]*x509.Certificate{leaf, lower, middle, upper, root}, nil},
		"issued by a private root":       {[]*x509.Certificate{private}, nil},
		"issued by a private root, here": {[]*x509.Certificate{private, privateRoot}, nil},
		"self-signed leaf":               {[]*x509.Certificate{selfSigned}, nil},
		"intermediates of a public CA, and no root in the trust store": {
			[]*x509.Certificate{leaf, lower}, nil,
		},
		"cross-signed root at the end": {crossSigned, nil},
		"issued by a root of AD CS":    {directory, nil},
		"expired root":                 {append(underOldRoot.Chain(), underOldRoot.Root), nil},

		"leaf only": {[]*x509.Certificate{leaf},
			[]string{"certificate 1 (CN=a.test) has no issuer in the file", `"NAME lower" is ` +
				`missing, expected it at place 2`}},
		"middle missing": {[]*x509.Certificate{leaf, lower, upper},
			[]string{"certificate 2 (NAME lower) is followed by certificate 3 (NAME upper)",
				`issuer "NAME middle" is missing, expected it at place 3`}},
		"intermediates missing, root here": {[]*x509.Certificate{leaf, root},
			[]string{"certificate 1 (CN=a.test) is followed by certificate 2 (NAME root)",
				`issuer "NAME lower" is missing`}},
		"wrong order": {[]*x509.Certificate{leaf, middle, lower, upper},
			[]string{followed + "certificate 2 (NAME middle)", `issuer "NAME lower" is ` +
				`misplaced at place 3, expected it at place 2`}},
		"leaf twice": {[]*x509.Certificate{leaf, leaf, lower, middle, upper},
			[]string{followed + "certificate 2 (CN=a.test)", `issuer "NAME lower" is misplaced ` +
				`at place 3`}},
		"foreign certificate between": {[]*x509.Certificate{leaf, foreign, lower, middle, upper},
			[]string{followed + "certificate 2 (NAME foreign)", `issuer "NAME lower" is ` +
				`misplaced at place 3`}},
		"foreign certificate at the end": {[]*x509.Certificate{leaf, lower, middle, upper, foreign},
			[]string{"certificate 4 (NAME upper) is followed by certificate 5 (NAME foreign)",
				`issuer "NAME root" is missing`}},
		"issuer's namesake": {[]*x509.Certificate{leaf, &namesake},
			[]string{"certificate 2 (NAME lower), which did not issue it", `issuer "NAME ` +
				`lower" is missing`}},
		"something after a self-signed leaf": {[]*x509.Certificate{selfSigned, root},
			[]string{"certificate 1 (CN=self.test) is followed by certificate 2 (NAME root)",
				"self-signed, expected nothing after it"}},
		"something after the root": {[]*x509.Certificate{private, privateRoot, foreign},
			[]string{"is followed by certificate 3 (NAME foreign)", "self-signed, expected " +
				"nothing after it"}},
		"expired intermediate": {
			underOld, []string{"certificate 2 (CN=Assay Intermediate 1", ") expired on"},
		},
		"intermediate not yet valid": {
			underFuture.Chain(),
			[]string{"certificate 2 (CN=Assay Intermediate 1", ") is not valid before"},
		},
		"issuer is no CA": {
			[]*x509.Certificate{leaf, &noCA}, []string{followed, "which did not issue it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ChainProblems(test.chain)
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
				part = names.Replace(part)
				if !strings.Contains(got[0], part) {
					t.Errorf("got  %s\nwant %s", got[0], part)
				}
			}
		})
	}
}

func withDefect(t *testing.T, identity *pki.Identity, defect pki.Defect) []*x509.Certificate {
	t.Helper()
	chain, _, err := identity.ChainWith(defect)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}
