{#- `status`: state machine of products (question-docs/92/2070): 0 on sale, 1 off sale, 2 deleted. -#}
{%- set states = {'0': 'on_sale', '1': 'off_sale', '2': 'off_sale'} -%}

{# The product list has neither SKUs nor stock. SKUs are known only from the order lines that sold them. #}
{{ products_of('doudian', {
    'product_name': 'version.record.name',
    'category_path': "nullif(version.record.category_detail.first_cid, '0')",
    'list_price': hundredths('version.record.discount_price'),
    'is_on_sale': is_on_sale('version.record.status', states),
    'listed_at': epoch_time('version.record.create_time'),
    'modified_at': epoch_time('version.record.update_time'),
}) }}
