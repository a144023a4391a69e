package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/pairwise"
)

// A Combination describes rows by the values that their fields can have:
//
//	combine:
//	  by: [renaming, writing, linking]
//	  order: [cert-first, key-first]
//	  pause: [0s, 1500ms]
//	except:
//	  - {by: [linking], pause: [1500ms]}
//
// Its rows are chosen so that every two values that can be combined are
// combined in at least one row. A row's name joins the row's values by hyphens,
// as in "renaming-cert-first-0s". A further value needs no code unless its
// meaning is new. The key group makes one case of all rows that agree in some
// fields:
//
//	group: [by]
//
// The values of these fields name the case, and its list steps holds the other
// fields of each row.
type Combination struct {
	fields []combinedField
}

// A combinedField is one field of the rows with its possible values.
type combinedField struct {
	name   *yaml.Node
	values []*yaml.Node
}

var errCombination = errors.New("a mapping of fields to lists of values, each fit for a row's name")

// UnmarshalYAML keeps the fields in the file's order, since the rows' names
// follow it.
func (c *Combination) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return errCombination
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, list := n.Content[i], n.Content[i+1]
		if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
			return errCombination
		}
		for _, value := range list.Content {
			if value.Kind != yaml.ScalarNode || !namePattern.MatchString(value.Value) {
				return errCombination
			}
		}
		c.fields = append(c.fields, combinedField{name, list.Content})
	}
	return nil
}

// rows returns the chosen rows, grouped by some fields if there are any. except
// holds what cannot be combined: a row is left out if, for one element, all of the
// element's fields have one of the element's values in the row. The error names a
// field or value that the combination lacks.
func (c *Combination) rows(except []map[string][]string, group []string) ([]Case, error) {
	for _, e := range except {
		for name, values := range e {
			if err := c.check(name, values); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range group {
		if err := c.check(name, nil); err != nil {
			return nil, err
		}
	}
	sizes := make([]int, len(c.fields))
	for i, f := range c.fields {
		sizes[i] = len(f.values)
	}
	chosen, err := pairwise.Choose(sizes, func(combination []int) bool {
		return !slices.ContainsFunc(except, func(e map[string][]string) bool {
			return c.matches(combination, e)
		})
	})
	if err != nil {
		return nil, err
	}
	if len(group) > 0 {
		return c.grouped(chosen, group), nil
	}
	var rows []Case
	for _, combination := range chosen {
		rows = append(rows, c.row(combination, nil))
	}
	return rows, nil
}

// grouped makes one case of all combinations that agree in some fields.
func (c *Combination) grouped(chosen [][]int, group []string) (cases []Case) {
	var others []string
	for _, f := range c.fields {
		if !slices.Contains(group, f.name.Value) {
			others = append(others, f.name.Value)
		}
	}
	steps := map[string]*yaml.Node{} // by the name of the case
	for _, combination := range chosen {
		row := c.row(combination, group)
		list := steps[row.Name]
		if list == nil {
			line, column := row.Line, row.row.Column
			name := &yaml.Node{
				Kind: yaml.ScalarNode, Tag: "!!str", Value: "steps", Line: line, Column: column,
			}
			list = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: line, Column: column}
			steps[row.Name] = list
			row.row.Content = append(row.row.Content, name, list)
			cases = append(cases, row)
		}
		list.Content = append(list.Content, c.row(combination, others).row)
	}
	return cases
}

// check returns an error unless the combination has a field with these values.
func (c *Combination) check(name string, values []string) error {
	i := slices.IndexFunc(c.fields, func(f combinedField) bool { return f.name.Value == name })
	if i < 0 {
		return fmt.Errorf("the field %s, which combine lacks", name)
	}
	for _, value := range values {
		if !slices.ContainsFunc(c.fields[i].values, func(n *yaml.Node) bool { return n.Value == value }) {
			return fmt.Errorf("the value %s of %s, which combine lacks", value, name)
		}
	}
	return nil
}

// matches reports whether all fields of an exception have one of the exception's
// values in the combination.
func (c *Combination) matches(combination []int, exception map[string][]string) bool {
	for i, f := range c.fields {
		values, ok := exception[f.name.Value]
		if ok && !slices.Contains(values, f.values[combination[i]].Value) {
			return false
		}
	}
	return true
}

// row makes the row of a combination, of these fields or, if there are none, of
// all.
func (c *Combination) row(combination []int, only []string) Case {
	first := c.fields[0].name
	row := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: first.Line, Column: first.Column}
	var words []string
	for i, f := range c.fields {
		if only != nil && !slices.Contains(only, f.name.Value) {
			continue
		}
		value := f.values[combination[i]]
		row.Content = append(row.Content, f.name, value)
		words = append(words, value.Value)
	}
	return Case{Name: strings.Join(words, "-"), Line: first.Line, row: row}
}
