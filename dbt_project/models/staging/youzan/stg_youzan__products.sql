{# The lists tell of items, not of their variants; variants are known from the lines that sold them. #}
select
    'youzan' as platform,
    version.account_id,
    account.store_id,
    version.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    version.record.title as product_name,
    {{ null_as('text') }} as category_path,
    {{ hundredths('version.record.price') }} as list_price,
    account.currency,
    version.record.shelf = 'onsale' as is_on_sale,
    {{ money('version.record.quantity') }} as stock,
    {{ local_time('version.record.created_time', "'Asia/Shanghai'") }} as listed_at,
    {{ local_time('version.record.update_time', "'Asia/Shanghai'") }} as modified_at,
    version.cursor_at as valid_from_at,
    version.valid_until_at,
    version.load_id
from {{ ref('base_youzan__products') }} as version
left join {{ source('raw_daybook', 'accounts') }} as account
    on version.account_id = account.account_id
