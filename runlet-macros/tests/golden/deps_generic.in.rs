#[derive(Deps)]
struct Shop<'a, T: Db>(Vec<T>, Names<'a>)
where
    T: Send;
