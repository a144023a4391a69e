// Package replace replaces the files of a certificate and its key in the ways
// in which tools and people do: certbot, acme.sh, lego, Kubernetes, rsync, cp,
// editors and others.
package replace

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Way describes how the files of a pair are replaced.
type Way struct {
	// By says how each file, or the directory of both, is replaced.
	By By `jsonschema:"enum=renaming,enum=writing,enum=writing-slowly,enum=linking,enum=linking-twice,enum=behind-a-link,enum=hard-linking,enum=backing-up,enum=deleting,enum=permitting,enum=switching-directory,enum=switching-data,enum=switching-above,enum=moving-directory"`
	// Order says which of two files is replaced first, and how much earlier.
	Order Order `jsonschema:"pattern=^(cert|key)(-[0-9]+ms)?-first$"`
	// Stamps says what the new file's modification time and size are.
	Stamps Stamps `jsonschema:"enum=newer,enum=older,enum=same-time,enum=same"`
	// Key says whether the new certificate has a new key.
	Key Key `jsonschema:"enum=new-key,enum=same-key,enum=kept-key"`
	// Ends says when the new certificate expires, compared with the old one.
	Ends Ends `jsonschema:"enum=later,enum=together,enum=earlier"`
	// Names says which names the new certificate has, compared with the old one.
	Names Names `jsonschema:"enum=same-names,enum=more-names,enum=fewer-names"`
	// Begins says when the new certificate's validity begins, compared with the old one.
	Begins Begins `jsonschema:"enum=later,enum=together,enum=earlier"`
	// Away says for how long no directory has the name of the one that MovingDirectory
	// replaces. Nothing else is away for longer than a renaming takes.
	Away time.Duration
	// Files says whether certificate and key share a file, or a directory.
	Files Files `jsonschema:"enum=separate,enum=combined,enum=apart"`
}

// By says how a file, or the directory that holds both files, is replaced.
type By string

// The ways to replace a file. Empty means Renaming.
const (
	// Renaming writes a new file and renames it, as lego and rsync do.
	Renaming By = "renaming"
	// Writing truncates the file and writes into it, as cp and acme.sh do. A
	// file that is mounted into a container can be replaced in no other way.
	Writing By = "writing"
	// WritingSlowly is Writing with a pause in the middle, as over a network.
	WritingSlowly By = "writing-slowly"
	// Linking removes a symbolic link and makes another one, as certbot does.
	Linking By = "linking"
	// LinkingTwice is Linking behind another link, which stays and says an absolute path:
	// that of an operator who made a link to certbot's file.
	LinkingTwice By = "linking-twice"
	// BehindALink replaces the file to which a link leads that stays, by renaming and by
	// writing in turn: that of an operator who made a link to acme.sh's or lego's file.
	BehindALink By = "behind-a-link"
	// HardLinking removes the file and links another one to its name, as ln -f
	// does.
	HardLinking By = "hard-linking"
	// BackingUp renames the old file and writes a new one, as editors do.
	BackingUp By = "backing-up"
	// Deleting removes all files and writes new ones a moment later.
	Deleting By = "deleting"
	// Permitting puts an unreadable file in place and makes it readable a moment
	// later.
	Permitting By = "permitting"
	// SwitchingDirectory makes a link to the files' directory lead to another
	// directory, as deployment tools do.
	SwitchingDirectory By = "switching-directory"
	// SwitchingData replaces files as Kubernetes does in a mounted secret. The
	// files are links into the directory ..data, which is a link too. That link is
	// switched to a new directory, and the old directory is deleted.
	SwitchingData By = "switching-data"
	// SwitchingAbove makes a link lead to another release, in which the files lie some
	// directories deeper. The release before stays, as deployment tools keep it.
	SwitchingAbove By = "switching-above"
	// MovingDirectory renames the files' directory away and a new one into place.
	MovingDirectory By = "moving-directory"
)

// together reports whether both files are replaced at the same moment.
func (b By) together() bool {
	return b == SwitchingDirectory || b == SwitchingData || b == SwitchingAbove ||
		b == MovingDirectory
}

// Order says which of two files is replaced first: "cert-first" or "key-first".
// The second file follows at once or, as in "cert-1500ms-first", later. Empty
// means "cert-first".
type Order string

var orderPause = regexp.MustCompile(`-([0-9]+ms)-`)

// Pause returns how long the first file is new and the second one is old.
func (o Order) Pause() time.Duration {
	found := orderPause.FindStringSubmatch(string(o))
	if found == nil {
		return 0
	}
	pause, err := time.ParseDuration(found[1])
	if err != nil {
		return 0 // too large a number
	}
	return pause
}

func (o Order) keyFirst() bool { return strings.HasPrefix(string(o), "key-") }

// Stamps says what the modification time and the size of a new file are.
type Stamps string

// The stamps. Empty means Newer.
const (
	// Newer is a newer time, and the same size.
	Newer Stamps = "newer"
	// Older is an older time than the old file's, as rsync -t and cp -p preserve
	// it, and the same size.
	Older Stamps = "older"
	// SameTime is the same time, as reproducible archives and coarse clocks give
	// it, and another size.
	SameTime Stamps = "same-time"
	// Same is the same time and the same size.
	Same Stamps = "same"
)

// Key says whether the new certificate has a new key.
type Key string

// The keys. Empty means NewKey.
const (
	NewKey Key = "new-key"
	// SameKey writes the old key once more, as certbot does with --reuse-key.
	SameKey Key = "same-key"
	// KeptKey does not touch the file of the key.
	KeptKey Key = "kept-key"
)

// Ends says when the new certificate expires.
type Ends string

// The ends. Empty means EndsTogether.
const (
	EndsLater    Ends = "later"
	EndsTogether Ends = "together"
	// EndsEarlier happens when a CA shortens the lifetime of its certificates.
	EndsEarlier Ends = "earlier"
)

// Names says which names the new certificate has. The first name always stays.
type Names string

// The names. Empty means SameNames.
const (
	SameNames Names = "same-names"
	// MoreNames happens when an operator adds a name to the order.
	MoreNames Names = "more-names"
	// FewerNames leaves the first name alone.
	FewerNames Names = "fewer-names"
)

// Begins says when the validity of the new certificate begins.
type Begins string

// The beginnings. Empty means BeginsTogether.
const (
	BeginsLater    Begins = "later"
	BeginsTogether Begins = "together"
	// BeginsEarlier happens when an operator goes back to an older certificate, or to
	// another CA, which dates back.
	BeginsEarlier Begins = "earlier"
)

// Files says whether certificate and key share a file, or a directory.
type Files string

// The files. Empty means Separate.
const (
	Separate Files = "separate"
	Combined Files = "combined"
	// Apart are two files in two directories, as in /etc/ssl/certs and
	// /etc/ssl/private.
	Apart Files = "apart"
)

// String lists what is said about the way, for messages.
func (w Way) String() string {
	words := []string{
		string(w.By),
		string(w.Stamps),
		string(w.Key),
		string(w.Ends),
		string(w.Order),
		string(w.Files),
		string(w.Names),
	}
	if w.Away > 0 {
		words = append(words, "away for "+w.Away.String())
	}
	if w.Begins != "" {
		words = append(words, "begins "+string(w.Begins))
	}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	return strings.Join(words, ", ")
}
