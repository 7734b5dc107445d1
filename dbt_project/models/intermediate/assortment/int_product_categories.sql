-- The category of a product over time, for platforms whose orders do not name it: half-open spans that cover all of time. The first
-- category known of a product also holds for the time before. A version without a category changes nothing. One row per store, product
-- and span.
with

told as (

    select *
    from (
        {{ union_staging('product_categories') }}
    ) as versions
    where category_path is not null

),

compared as (

    select
        told.*,
        lag(category_path) over (
            partition by platform, store_id, product_id order by valid_from_at, load_id, account_id, category_path
        ) as category_before
    from told

),

moves as (

    select
        platform,
        store_id,
        product_id,
        category_path,
        valid_from_at,
        category_before is null as is_first,
        lead(valid_from_at) over (
            partition by platform, store_id, product_id order by valid_from_at, load_id, account_id, category_path
        ) as valid_until_at
    from compared
    where category_before is null or category_path <> category_before

)

select
    platform,
    store_id,
    product_id,
    category_path,
    case when is_first then cast('1900-01-01 00:00:00+00:00' as {{ t('instant') }}) else valid_from_at end as valid_from_at,
    coalesce(valid_until_at, cast('9999-12-31 00:00:00+00:00' as {{ t('instant') }})) as valid_until_at
from moves
where valid_until_at is null or valid_until_at > valid_from_at or is_first
