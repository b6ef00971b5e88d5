package revocation

import (
	"strconv"
	"testing"
)

func TestAnswersKeptAreBoundedAndTheUsedStay(t *testing.T) {
	const limit = 64
	c := newAnswers(limit)
	for i := range 40 * limit {
		c.put([]byte(strconv.Itoa(i)), &answer{})
		c.put([]byte("used"), c.getOr("used"))
		if n := c.len(); n > limit {
			t.Fatalf("%d are kept", n)
		}
	}
	if c.get([]byte("used")) == nil {
		t.Error("what was asked for all the time is gone")
	}
	if c.get([]byte("0")) != nil {
		t.Error("what was asked for once, long ago, is kept")
	}
	if c.put(make([]byte, maxKey+1), &answer{}); c.get(make([]byte, maxKey+1)) != nil {
		t.Error("an endless request is kept")
	}
}

// getOr asks, and makes the answer when there is none.
func (c *answers) getOr(request string) *answer {
	if a := c.get([]byte(request)); a != nil {
		return a
	}
	return &answer{}
}

func TestAnswerOfAnEarlierLookDoesNotReplaceALaterOne(t *testing.T) {
	c := newAnswers(8)
	c.put([]byte("a"), &answer{epoch: 2})
	c.put([]byte("a"), &answer{epoch: 1})
	if got := c.get([]byte("a")).epoch; got != 2 {
		t.Errorf("of epoch %d", got)
	}
}
