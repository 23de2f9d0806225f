use runlet::agent;
use runlet::testing::ScriptedModel;

fn main() {
    let _ = agent!(support { model: ScriptedModel::new(), max_steps: });
}
