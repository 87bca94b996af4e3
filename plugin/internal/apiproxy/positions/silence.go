package positions

// silence is known of a part: it had nothing to tell after from, up to to.
type silence struct{ from, to uint64 }

// and joins what is known with what was learnt: one stretch, the newer one if they do not touch.
func (s silence) and(other silence) silence {
	switch {
	case s.from <= other.to && other.from <= s.to:
		return silence{min(s.from, other.from), max(s.to, other.to)}
	case s.to > other.to:
		return s
	}
	return other
}

// beyond is the position that a client has which has everything up to at: what
// is silent it has, too.
func (s silence) beyond(at uint64) uint64 {
	if at != Absent && s.from <= at && at < s.to {
		return s.to
	}
	return at
}

// Silent says that the client has everything of a part up to a position, and
// that the part had nothing to tell on the way there, as a bookmark does.
//
// Of two clients that are handed one version, the lower positions are stored. A client whose
// part is silent, and has had no bookmark yet, would take the position of
// the other one back, which would do the same to it later, until the API server has
// forgotten that version. What one of them knows to be silent counts for both.
func (c *Client) Silent(part int, to uint64) {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	if to <= c.at[part] {
		return
	}
	for len(c.line.silent) <= part {
		c.line.silent = append(c.line.silent, silence{})
	}
	c.line.silent[part] = c.line.silent[part].and(silence{c.at[part], to})
	c.advance(part, to)
}

// catchUp takes the client past what is silent.
func (c *Client) catchUp() {
	for part, s := range c.line.silent {
		c.advance(part, s.beyond(c.at[part]))
	}
}

// beyondSilence is positions past what is silent.
func (l *Line) beyondSilence(at Vector) Vector {
	for part, s := range l.silent {
		at[part] = s.beyond(at[part])
	}
	return at
}
