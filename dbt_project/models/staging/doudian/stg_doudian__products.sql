{#- status: state machine of products (question-docs/92/2070): 0 on line, 1 off line, 2 deleted. -#}
{%- set states = {'0': 'on_sale', '1': 'off_sale', '2': 'off_sale'} -%}

{# The list tells of products, not of their SKUs, and no stock; SKUs are known from the lines that sold them. #}
select
    'doudian' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    latest.record.name as product_name,
    nullif(latest.record.category_detail.first_cid, '0') as category_path,
    {{ hundredths('latest.record.discount_price') }} as list_price,
    account.currency,
    {{ is_on_sale('latest.record.status', states) }} as is_on_sale,
    {{ null_as('decimal(18, 4)') }} as stock,
    {{ epoch_time('latest.record.create_time') }} as listed_at,
    {{ epoch_time('latest.record.update_time') }} as modified_at,
    latest.load_id
from {{ ref('base_doudian__products') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
