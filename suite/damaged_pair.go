package suite

import (
	"os"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
)

// damaged is a row about a pair that cannot be used: what is wrong with the
// certificate file, with the key file, and which of the two is at fault.
type damaged struct {
	Cert, Key pki.Defect
	Names     []string
}

// names says whether a line names a file of the row's that is at fault, by its
// name or by its setting.
func (row damaged) names(line string) bool {
	return slices.ContainsFunc(row.Names, func(name string) bool {
		return strings.Contains(line, name+".pem") || strings.Contains(line, "tls_"+name+"_path")
	})
}

// refuseDamaged starts the target with a good pair, as the control, and then
// with the damaged one in the same files.
func (s *Scenario) refuseDamaged(row damaged) (*Refusal, map[string]string) {
	id := s.Identity(pki.Spec{})
	control := s.StartOwn(id)
	Expect(s.Handshake(control)).To(ServeLeaf(id.Leaf))
	control.Stop()

	files := s.damagePair(row, id)
	return s.Refuse(control.Keys), files
}

// damagePair puts this pair, damaged as the row says, in the place of cert.pem
// and key.pem, and returns their paths.
func (s *Scenario) damagePair(row damaged, id *pki.Identity) map[string]string {
	files := map[string]string{"cert": s.Path("cert.pem"), "key": s.Path("key.pem")}
	s.damage(files["cert"], row.Cert, id.CertFile)
	s.damage(files["key"], row.Key, id.KeyFile)
	return files
}

// damage does to one file of a pair what a row says; content gives the file's
// bytes with a defect.
func (s *Scenario) damage(path string, defect pki.Defect, content func(pki.Defect) ([]byte, error)) {
	s.must(os.Remove(path))
	switch defect {
	case "missing":
	case "directory":
		s.must(os.Mkdir(path, 0o755))
	case "unreadable":
		text, err := content(pki.None)
		s.must(err)
		s.must(os.WriteFile(path, text, 0))
	default:
		text, err := content(defect)
		s.must(err)
		s.must(os.WriteFile(path, text, 0o600))
	}
}

// complaint is what a line has that tells of a failure, in whatever words.
var complaint = regexp.MustCompile(`(?i)error|fail|cannot|can't|could|unable|invalid|refus|reject|not |no such|missing|denied|mismatch|keep|kept|\bno\b|\bbad\b|wrong|broken|damage|empty|ignor|incomplete|truncate|expected`)
