#[tool]
async fn find<'a, 'b: 'a>(pool: &'a Pool<'b>, names: Names<'_>, id: Cow<'a, str>) -> String
where
    'b: 'a,
{
    pool.find(names, id)
}
