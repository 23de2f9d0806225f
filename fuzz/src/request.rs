//! Requests from the wire and back: the first byte chooses the format, the rest is a body as JSON.

use serde_json::Value;

use super::api::Api;

pub fn run(data: &[u8]) {
    let Some((&api, body)) = data.split_first() else { return };
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    let own = Api::of(api);
    let Ok(request) = own.request(&body) else { return };
    // A conversation that no run begins with belongs to nobody but its own provider.
    let is_sound = request.messages.check_calls().is_ok();
    for api in Api::ALL.into_iter().filter(|api| *api == own || is_sound) {
        let Ok(sent) = api.body(request.clone()) else { continue };
        // What an adapter has written it reads, and writes again in the same way.
        let read = api.request(&sent).expect("what is sent is a request");
        let again = api.body(read).expect("what was sent can be sent again");
        assert_eq!(sent, again, "{api:?} writes its own request in another way");
    }
}
