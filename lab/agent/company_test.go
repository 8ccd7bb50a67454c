package agent

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestAgentLeavesWhenItHearsNothing: it stays while somebody says something, and is gone
// when nobody has for a while.
func TestAgentLeavesWhenItHearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 30 * time.Second
		in, commands := io.Pipe()
		answers, out := io.Pipe()
		heard := Within(in, limit)
		served := make(chan error, 1)
		go func() { served <- Serve(t.Context(), heard, out); out.Close() }()
		c := NewClient("load", answers, commands, nil)
		ctx, leave := context.WithCancel(t.Context())
		go c.KeepCompany(ctx, 5*time.Second, limit, func() { t.Error("the agent is lost") })
		time.Sleep(10 * limit)
		select {
		case <-served:
			t.Fatalf("it left though it was spoken to: %v", heard.Silence())
		default:
		}
		leave()
		began := time.Now()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if heard.Silence() == nil {
			t.Error("it does not say why it left")
		}
		if took := time.Since(began); took < limit-5*time.Second || took > limit+time.Second {
			t.Errorf("it left after %v", took)
		}
		in.Close()
	})
}

// TestLostAgent: one that does not answer is given up.
func TestLostAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers, out := io.Pipe()
		defer out.Close()
		c := NewClient("load", answers, io.Discard, nil)
		lost := make(chan time.Time, 1)
		began := time.Now()
		c.KeepCompany(t.Context(), 5*time.Second, 30*time.Second, func() { lost <- time.Now() })
		if took := (<-lost).Sub(began); took != 35*time.Second {
			t.Errorf("lost after %v", took)
		}
	})
}
