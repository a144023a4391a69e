// Package complete completes the command line of a program that kong parses.
package complete

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Values returns what a flag or an argument of a command can be. kind is the
// placeholder of a flag or the name of an argument, such as "GLOB" or "FILE|NAME". ok
// is false for kinds that are not known, such as paths.
type Values func(kind string) (values []string, ok bool)

// File is the candidate that tells the shell to complete names of files.
const File = ":file"

// Candidates returns what the last of the words may become; it may be empty. words
// are those of the command line without the program's name. The candidate File
// stands for names of files.
func Candidates(app *kong.Application, words []string, values Values) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	node := app.Node
	arguments, open, dashes := 0, (*kong.Flag)(nil), false
	for _, word := range words[:len(words)-1] {
		switch {
		case open != nil:
			open = nil // its value
		case dashes || !strings.HasPrefix(word, "-"):
			if child := find(node, word); child != nil {
				node = child
			} else {
				arguments++
			}
		case word == "--":
			dashes = true
		default:
			name, _, hasValue := strings.Cut(word, "=")
			if f := flag(node, name); f != nil && !hasValue && !f.IsBool() {
				open = f
			}
		}
	}
	name, value, hasValue := strings.Cut(last, "=")
	switch {
	case open != nil:
		return ofValue(open.Value, open.PlaceHolder, last, values)
	case dashes:
		return argument(node, arguments, last, values)
	case strings.HasPrefix(last, "-") && hasValue:
		f := flag(node, name)
		if f == nil {
			return nil
		}
		var all []string
		for _, v := range ofValue(f.Value, f.PlaceHolder, value, values) {
			if v != File {
				v = name + "=" + v
			}
			all = append(all, v)
		}
		return all
	case strings.HasPrefix(last, "-"):
		return starting(last, flags(node))
	}
	var commands []string
	for _, child := range node.Children {
		if !child.Hidden {
			commands = append(commands, child.Name)
		}
	}
	if len(commands) > 0 {
		return starting(last, commands)
	}
	return argument(node, arguments, last, values)
}

func find(node *kong.Node, name string) *kong.Node {
	i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return node.Children[i]
}

// flags returns the names of a command's flags and those above it.
func flags(node *kong.Node) []string {
	var names []string
	for ; node != nil; node = node.Parent {
		for _, f := range node.Flags {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func flag(node *kong.Node, name string) *kong.Flag {
	for ; node != nil; node = node.Parent {
		for _, f := range node.Flags {
			if "--"+f.Name == name || f.Short != 0 && "-"+string(f.Short) == name {
				return f
			}
		}
	}
	return nil
}

// argument completes a positional argument. The last one may take several words.
func argument(node *kong.Node, n int, word string, values Values) []string {
	if len(node.Positional) == 0 {
		return nil
	}
	p := node.Positional[min(n, len(node.Positional)-1)]
	if n >= len(node.Positional) && !p.IsCumulative() {
		return nil
	}
	return ofValue(p, p.Name, word, values)
}

// ofValue completes a value. If it is a list with commas, its last item is completed.
func ofValue(v *kong.Value, kind, word string, values Values) []string {
	var before string
	if v.IsSlice() && v.Tag.Sep == ',' {
		i := strings.LastIndexByte(word, ',') + 1
		before, word = word[:i], word[i:]
	}
	known, ok := values(kind)
	if enum := v.EnumSlice(); len(enum) > 0 && enum[0] != "" {
		known, ok = enum, true
	}
	if !ok {
		return []string{File}
	}
	var all []string
	for _, item := range starting(word, known) {
		if item != File {
			item = before + item
		}
		all = append(all, item)
	}
	return all
}

// starting returns the candidates that begin with the word in any case, and File.
func starting(word string, candidates []string) []string {
	var all []string
	for _, c := range candidates {
		if c == File || len(c) >= len(word) && strings.EqualFold(c[:len(word)], word) {
			all = append(all, c)
		}
	}
	return all
}
