//! From a long trace that fails to a short one that fails in the same way.

use super::step::Step;

/// Takes steps out, and makes those that are left simpler, as long as `fails` holds.
pub(super) fn shrink(mut trace: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    loop {
        let before = trace.clone();
        trace = without_chunks(trace, &fails);
        trace = simpler(trace, &fails);
        if trace == before {
            return trace;
        }
    }
}

/// Chunks from the half of it down to single steps (after Zeller's delta debugging).
fn without_chunks(mut trace: Vec<Step>, fails: &impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut size = trace.len().div_ceil(2);
    while size > 0 {
        let mut at = trace.len();
        // From the end: what comes late depends on what came early.
        while at > 0 {
            let from = at.saturating_sub(size);
            let mut candidate = trace.clone();
            candidate.drain(from..at);
            if fails(&candidate) {
                trace = candidate;
            }
            at = from;
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    trace
}

fn simpler(mut trace: Vec<Step>, fails: &impl Fn(&[Step]) -> bool) -> Vec<Step> {
    for at in 0..trace.len() {
        for simple in simplifications(&trace[at]) {
            let mut candidate = trace.clone();
            candidate[at] = simple;
            if candidate[at] != trace[at] && fails(&candidate) {
                trace = candidate;
                break;
            }
        }
    }
    trace
}

/// Simpler steps in the place of one, the simplest first.
fn simplifications(step: &Step) -> Vec<Step> {
    match step {
        Step::Connect { client, room, upgrade } => {
            let plain = crate::room::upgrade::Upgrade {
                id: upgrade.id.clone(),
                ..crate::room::upgrade::Upgrade::default()
            };
            let mut untagged = upgrade.clone();
            untagged.tags.clear();
            [plain, untagged]
                .map(|upgrade| Step::Connect { client: *client, room: *room, upgrade })
                .into()
        }
        Step::Binary { client, bytes } => String::from_utf8(bytes.clone())
            .map(|text| vec![Step::Text { client: *client, text }])
            .unwrap_or_default(),
        Step::Close { client, .. } => {
            vec![Step::Close { client: *client, code: Some(1000), reason: String::new() }]
        }
        Step::Vanish { client } => vec![Step::Cut { client: *client }],
        Step::Wait { millis } if *millis > 1 => {
            [1, 1_000, 60_000].map(|millis| Step::Wait { millis }).into()
        }
        Step::Resume { client, from, forged: Some(_) } => {
            vec![Step::Resume { client: *client, from: *from, forged: None }]
        }
        Step::Alarm { room, .. } => vec![Step::Alarm { room: *room, late: 0 }],
        _ => Vec::new(),
    }
}
