with

periods as (
    select * from {{ ref('base_files__product_traffic') }} where record_key is not null
)

select
    'files' as platform,
    periods.account_id,
    account.store_id,
    periods.record.grain as grain,
    periods.report_date as period_start,
    periods.record.product_id as product_id,
    periods.record.sku_id as sku_id,
    periods.record.product_name as product_name,
    {%- for name in ['exposures', 'search_exposures', 'search_clicks', 'visitors', 'page_views', 'cart_visitors', 'cart_units', 'fav_visitors'] %}
    {{ whole_number('periods.record.' ~ name) }} as {{ name }},
    {%- endfor %}
    periods.load_id
from periods
left join {{ source('raw_daybook', 'accounts') }} as account
    on periods.account_id = account.account_id
