{# The lists tell of items, not of their variants; variants are known from the lines that sold them. #}
select
    'youzan' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    latest.record.title as product_name,
    {{ null_as('text') }} as category_path,
    {{ hundredths('latest.record.price') }} as list_price,
    account.currency,
    latest.record.shelf = 'onsale' as is_on_sale,
    {{ money('latest.record.quantity') }} as stock,
    {{ local_time('latest.record.created_time', "'Asia/Shanghai'") }} as listed_at,
    {{ local_time('latest.record.update_time', "'Asia/Shanghai'") }} as modified_at,
    latest.load_id
from {{ ref('base_youzan__products') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
