package check

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// The elements that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// junit writes a suite for each rule: a case that passes where nothing is found, and else
// one for each finding, which fails if it is as bad as least.
func (r *Report) junit(b *bytes.Buffer, least Severity) error {
	all := junitSuites{Name: "istio-tenancy check"}
	of := map[string][]junitCase{}
	for _, f := range r.Findings {
		c := newJunitCase(f)
		if least > 0 && f.Severity >= least {
			c.Failure = &junitMessage{f.Message, f.Severity.String(), c.Out}
			c.Out = ""
		}
		of[f.Rule] = append(of[f.Rule], c)
	}
	skip := func(findings []Finding, why func(f Finding) string) {
		for _, f := range findings {
			c := newJunitCase(f)
			c.Skipped = &junitMessage{Message: why(f)}
			of[f.Rule] = append(of[f.Rule], c)
		}
	}
	skip(r.Accepted, func(f Finding) string { return "accepted: " + f.Accepted })
	skip(r.Known, func(Finding) string { return "in the baseline" })
	for _, rule := range Rules() {
		cases := of[rule.ID]
		if len(cases) == 0 {
			cases = []junitCase{{Name: rule.Line, Class: rule.ID}}
		}
		all.add(junitSuite{Name: rule.ID, Cases: cases})
	}
	if len(r.Errors) > 0 {
		suite := junitSuite{Name: "reading"}
		for _, line := range r.Errors {
			suite.Cases = append(suite.Cases, junitCase{Name: line, Class: "reading", Error: &junitMessage{Message: line, Type: "error", Text: line}})
		}
		all.add(suite)
	}
	b.WriteString(xml.Header)
	e := xml.NewEncoder(b)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	return b.WriteByte('\n')
}

func (s *junitSuites) add(suite junitSuite) {
	suite.Tests = len(suite.Cases)
	for _, c := range suite.Cases {
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	s.Tests, s.Failures, s.Errors = s.Tests+suite.Tests, s.Failures+suite.Failures, s.Errors+suite.Errors
	s.Suites = append(s.Suites, suite)
}

func newJunitCase(f Finding) junitCase {
	text := fmt.Sprintf("%s%s: %s\n", position(f), f.Severity, f.Message)
	for i, h := range f.Hops {
		text += fmt.Sprintf("%d. %s\n", i+1, h)
	}
	return junitCase{Name: f.Message, Class: f.Rule, File: f.Source.File, Line: f.Source.Line, Out: text}
}
