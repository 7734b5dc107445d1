-- What each product is now: its last version in the catalogue. A product that no catalogue tells of any more is as it was last told, but
-- not on sale and with an unknown stock. A product known only from orders has its name and category at its last sale; of several sales
-- on that day the last by name, because otherwise two builds of the same rows would differ.
{%- set holds = "valid_until_at = cast('9999-12-31 00:00:00+00:00' as " ~ t('instant') ~ ")" %}
with

ranked as (

    select
        *,
        row_number() over (partition by platform, store_id, product_id order by valid_from_at desc) as version_from_last
    from {{ ref('int_product_versions') }}
    where sku_id is null

),

catalogue as (

    select
        platform,
        store_id,
        product_id,
        product_name,
        category_path,
        list_price,
        currency,
        is_on_sale and {{ holds }} as is_on_sale,
        case when {{ holds }} then stock end as stock,
        listed_at,
        modified_at
    from ranked
    where version_from_last = 1

),

sold as (

    select
        platform,
        store_id,
        product_id,
        max_by(product_name, last_day) as product_name,
        max_by(category_path, last_day) as category_path,
        min(first_paid_date) as first_paid_date,
        max(last_paid_date) as last_paid_date
    from (
        select
            platform,
            store_id,
            product_id,
            last_day,
            max(product_name) as product_name,
            max(category_path) as category_path,
            min(first_paid_date) as first_paid_date,
            max(last_paid_date) as last_paid_date
        from (
            -- By its names first, which are a few, and not by its days.
            select
                platform,
                store_id,
                product_id,
                product_name,
                category_path,
                max(coalesce(paid_date, created_date)) as last_day,
                min(case when exclude_reason is null and line_class = 'product' then paid_date end) as first_paid_date,
                max(case when exclude_reason is null and line_class = 'product' then paid_date end) as last_paid_date
            from {{ ref('fct_order_lines') }}
            where product_id is not null
            group by platform, store_id, product_id, product_name, category_path
        ) as names
        group by platform, store_id, product_id, last_day
    ) as days
    group by platform, store_id, product_id

)

select
    coalesce(catalogue.platform, sold.platform) as platform,
    coalesce(catalogue.store_id, sold.store_id) as store_id,
    coalesce(catalogue.product_id, sold.product_id) as product_id,
    coalesce(catalogue.product_name, sold.product_name) as product_name,
    coalesce(catalogue.category_path, sold.category_path) as category_path,
    sold.category_path as category_path_last_sold,
    coalesce(catalogue.category_path <> sold.category_path, false) as is_category_moved,
    cast(catalogue.list_price as decimal(18, 2)) as list_price,
    catalogue.currency,
    catalogue.is_on_sale,
    cast(catalogue.stock as decimal(18, 4)) as stock_last,
    catalogue.listed_at,
    catalogue.modified_at,
    sold.first_paid_date,
    sold.last_paid_date
from catalogue
full join sold
    on catalogue.platform = sold.platform
    and catalogue.store_id = sold.store_id
    and catalogue.product_id = sold.product_id
