package ws_test

import (
	"context"
	"fmt"
	"os"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/ws"
)

// tokens gives the device's tokens; deviceauth.Source is where they come from.
type tokens struct{}

func (tokens) Token(context.Context) (string, error) { return "eyJ…", nil }
func (tokens) Refused(string)                        {}

// memory keeps the last event; a program that means it writes to disk here.
type memory struct{ last ws.Position }

func (m *memory) Position() (ws.Position, error) { return m.last, nil }

func (m *memory) SetPosition(p ws.Position) error {
	m.last = p
	return nil
}

func ExampleConnect() {
	ca, err := os.ReadFile("ca.pem")
	if err != nil {
		fmt.Println("put the backend's CA beside the program")
		return
	}
	ended := make(chan fault.Code, 1)
	channel, err := ws.Connect(ws.Options{
		URL: "wss://api.example.com/api/v1/ws", TrustedCA: ca, DeviceID: "device-1", Tokens: tokens{}, Memory: &memory{},
		Listener: func(n ws.Notice) error {
			switch {
			case n.Kind == ws.NoticeEvent:
				fmt.Println(n.Event.Name, string(n.Event.Payload)) // handled when this returns
			case n.Kind == ws.ResyncRequired:
				fmt.Println("read the state anew")
			case n.Final:
				ended <- n.Code
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(fault.CodeOf(err))
		return
	}
	defer func() { _ = channel.Close() }()
	fmt.Println((<-ended).Info().Text)
	// Output: put the backend's CA beside the program
}
