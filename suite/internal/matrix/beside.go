package matrix

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"assay/suite/internal/page"
	"assay/suite/report"
)

// Beside returns the link from a page in the directory from to the report in the
// directory to, and whether it is a page with an anchor for each requirement: to
// report.html if there is one, and else to report.json. It returns "" for a report
// that is not beside the page, which is more than two directories up: its path
// would say more about the machine than about the report.
func Beside(from, to string) (link string, anchors bool) {
	from, errFrom := filepath.Abs(from)
	to, errTo := filepath.Abs(to)
	if errFrom != nil || errTo != nil {
		return "", false
	}
	rel, err := filepath.Rel(from, to)
	if err != nil || strings.HasPrefix(filepath.ToSlash(rel), "../../../") {
		return "", false
	}
	name := report.ReportFile
	if info, err := os.Stat(filepath.Join(to, page.File)); err == nil && info.Mode().IsRegular() {
		name = page.File
	}
	path := url.URL{Path: filepath.ToSlash(filepath.Join(rel, name))}
	return path.EscapedPath(), name == page.File
}
