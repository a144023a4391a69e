package page

import (
	"fmt"
	"strings"
)

// own begins the IDs of the page's own elements, which no link from outside uses.
const own = "x-"

// shared are the IDs of the page's own parts to which people may link.
var shared = []string{"verdict", "chapters", "requirements"}

// anchors gives each requirement and each case an anchor of its own: its name,
// such as BYO-02/dot-dot. A name that is taken gets a number. That happens
// only in a report that Assay did not write.
type anchors map[string]bool

func newAnchors() anchors {
	a := anchors{"": true}
	for _, name := range shared {
		a[name] = true
	}
	return a
}

func (a anchors) add(name string) string {
	if strings.HasPrefix(name, own) {
		name = "~" + name
	}
	unique := name
	for i := 2; a[unique]; i++ {
		unique = fmt.Sprintf("%s~%d", name, i)
	}
	a[unique] = true
	return unique
}
